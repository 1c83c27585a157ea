"""Training: a small language model learns before one's eyes, from noise to sentences, and then to chat."""

from lib.ui.components.page import setup_page

setup_page("Training", icon="🏋️", lead="A model begins as noise. What it knows, it has from its training text.")

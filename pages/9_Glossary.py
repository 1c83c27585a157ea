"""The glossary: what the words of the course mean, and where one meets them."""

from lib.ui.components.page import setup_page
from lib.ui.glossary.view import glossary_panel

setup_page("Glossary", icon="📖", lead="A sentence or two for each, and the pages on which one meets it.")
glossary_panel()

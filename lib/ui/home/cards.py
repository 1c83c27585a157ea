"""The lesson cards of Home: one for each page that is there."""

from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[3]
LESSONS = (
    (
        "1_Tokenizers",
        "Tokenizers",
        ":material/content_cut:",
        "How text is cut into tokens: words, letters, and the pieces that GPT-2, GPT-4o and Qwen really use.",
    ),
    (
        "2_Architecture",
        "Architecture",
        ":material/account_tree:",
        "What is inside a transformer: every block, every parameter, and what each one costs.",
    ),
    (
        "3_Next_Token",
        "Next token",
        ":material/bar_chart:",
        "The whole distribution over the next token, and how temperature and filters change it while you drag.",
    ),
    (
        "4_Decoding",
        "Decoding",
        ":material/alt_route:",
        "Greedy, sampling, beam search: one prompt, several ways to choose, side by side.",
    ),
    (
        "5_Completion_vs_Chat",
        "Completion or chat",
        ":material/compare_arrows:",
        "Why one model answers where another rambles on: training, or only the template?",
    ),
    (
        "6_Chat",
        "Chat",
        ":material/forum:",
        "A conversation, and the exact text and tokens the model is given at every turn.",
    ),
)


def lesson_cards() -> None:
    """Cards that link to the pages, in the order of the course."""
    lessons = [lesson for lesson in LESSONS if (ROOT / "pages" / f"{lesson[0]}.py").is_file()]
    for start in range(0, len(lessons), 3):
        for column, (file, title, icon, text) in zip(st.columns(3), lessons[start : start + 3], strict=False):
            with column.container(border=True, height="stretch", key=f"card-{file}"):
                st.page_link(f"pages/{file}.py", label=f"**{title}**", icon=icon)
                st.caption(text)

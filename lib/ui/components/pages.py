"""The pages in the order of the course: what the sidebar, Home's cards and the links from page to page call them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A page: its file, what people call it, its icon, what one learns there, and the question that it answers."""

    file: str
    title: str
    icon: str
    about: str
    question: str = ""

    @property
    def address(self) -> str:
        """Its part of the URL, as Streamlit makes it of the file's name; "" for Home."""
        return "" if self.file == "Home.py" else self.file.removeprefix("pages/").removesuffix(".py").split("_", 1)[1]


HOME = Page("Home.py", "Home", ":material/home:", "The first demo, the course, and the models on this machine.")
COURSE = (
    Page(
        "pages/1_Tokenizers.py",
        "Tokenizers",
        ":material/content_cut:",
        "How text is cut into tokens: words, letters, and the pieces that GPT-2, GPT-4o and Qwen really use.",
        "How does text become numbers?",
    ),
    Page(
        "pages/2_Architecture.py",
        "Architecture",
        ":material/account_tree:",
        "What is inside a transformer: every block, every parameter, and what each one costs.",
        "What is inside a language model?",
    ),
    Page(
        "pages/3_Next_Token.py",
        "Next token",
        ":material/bar_chart:",
        "The whole distribution over the next token, and how temperature and filters change it while you drag.",
        "What may come next?",
    ),
    Page(
        "pages/4_Decoding.py",
        "Decoding",
        ":material/alt_route:",
        "Greedy, sampling, beam search: one prompt, several ways to choose, side by side.",
        "Who chooses the next token?",
    ),
    Page(
        "pages/5_Training.py",
        "Training",
        ":material/model_training:",
        "A small language model learns before your eyes: from noise to sentences, and then to a chat.",
        "Where do a model's numbers come from?",
    ),
    Page(
        "pages/6_Completion_vs_Chat.py",
        "Completion vs chat",
        ":material/compare_arrows:",
        "Why one model answers where another rambles on: training, or only the template?",
        "Why does one model answer and another ramble on?",
    ),
    Page(
        "pages/7_Chat.py",
        "Chat",
        ":material/forum:",
        "A conversation, and the exact text and tokens the model is given at every turn.",
        "What does a chat model read?",
    ),
)
CLASS = Page(
    "pages/8_Class.py",
    "Class",
    ":material/groups:",
    "A room for a class: everybody guesses the next token, then the model shows its own distribution.",
    "How good are our guesses compared with the model's?",
)
EXTRAS = (  # pages that belong to the app and are no part of the course
    CLASS,
    Page(
        "pages/9_Glossary.py",
        "Glossary",
        ":material/menu_book:",
        "Every word of the course in a sentence or two, and the pages on which one meets it.",
        "What does that word mean?",
    ),
)
PAGES = {page.address: page for page in (HOME, *COURSE, *EXTRAS)}


def page_called(title: str) -> Page | None:
    """The page with this title; None for one that is not in the sidebar."""
    return next((page for page in PAGES.values() if page.title == title), None)


def after(page: Page) -> Page:
    """Where to go next: the following page of the course, and Home after the last."""
    place = COURSE.index(page) + 1 if page in COURSE else len(COURSE)
    return COURSE[place] if place < len(COURSE) else HOME

"""The course: seventeen steps over the pages, each with one goal, one thing to do and one question. Data only.

The answer of a question is computed in `lib/ui/course/answers.py` from the model or the code that the step is about;
`right` is what comes out for the step's own text and the embedded model, and a test holds the two together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

OBJECTIVES = {
    "Tokenization": "How text becomes tokens and token IDs: words, characters, subwords, BPE and its training, and why "
    "real tokenizers differ.",
    "What a model is": "What a linear layer, a block and a whole model compute, where the parameters are, how logits "
    "become probabilities, and how training finds the parameters.",
    "Generation": "How a text is written token by token: greedy decoding, beam search, temperature, top-k and top-p.",
    "Completion and chat": "What a base model does with a text, what an instruct model does with a chat template, and "
    "why they differ.",
    "The playground": "Using all of it: a conversation, and what the model really reads at every turn.",
}


@dataclass(frozen=True)
class Step:
    """One step. `page` is the page's part of the URL ("" for Home), `query` the state that it opens there.

    `key` is what a browser remembers and what links have, so it never changes. `minutes` count in the 90-minute course;
    `short` in the 45-minute one, which leaves a step out where it is 0. `text` is the parameter that a text of the
    learner's own may take the place of; "" where the step is about its own text or about none.
    """

    key: str
    page: str
    title: str
    objective: str
    goal: str
    do: str
    question: str
    options: tuple[str, ...]
    right: int
    because: str
    minutes: int
    short: int = 0
    query: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @cached_property
    def number(self) -> int:
        """Its place in the whole course, from 1."""
        return STEPS.index(self) + 1


_STORY = "Once upon a time, there was a little"
CODE = "def mean(values):\n    if not values:\n        return 0.0\n    return sum(values) / len(values)"

STEPS = (
    Step(
        key="roads",
        page="",
        title="The next token",
        objective="Generation",
        goal="A token is a piece of text, often a word. A model gives every token a probability of coming next.",
        do="Click a branch that is not the likeliest, then press “Write 10 more (greedy)”.",
        question="How many tokens get a probability at every position of the text?",
        options=("The five that are drawn", "A few hundred that make sense there", "Every token that the model knows"),
        right=2,
        because="Every token of its vocabulary gets a share above 0. The picture has room for the likeliest.",
        minutes=4,
        short=4,
        query={"prompt": "The capital of France is"},
        text="prompt",
    ),
    Step(
        key="words",
        page="Tokenizers",
        title="One token for every word",
        objective="Tokenization",
        goal="A list of words is the simplest tokenizer, and it fails at the first new word.",
        do="Under “Encode”, type a sentence with a word that the corpus does not have: look at its token ID.",
        question="What does a word tokenizer make of “robot”, a word that it has never seen?",
        options=("One token for every letter", "[UNK]: which word it was is lost", "A new ID at the end of the list"),
        right=1,
        because="The list is closed before a model is trained. Every unknown word becomes the same token.",
        minutes=4,
        query={"rows": "The ladder", "tab": "Learn", "learn": "Words"},
    ),
    Step(
        key="characters",
        page="Tokenizers",
        title="One token for every character",
        objective="Tokenization",
        goal="With characters as tokens no word is unknown any more, but the sequences get long.",
        do="Scroll to the two bars and compare them: the corpus in words and in characters.",
        question="The corpus is cut into characters instead of words. How many tokens is that?",
        options=("Fewer", "About as many", "Several times as many"),
        right=2,
        # Norvig, "English Letter Frequency Counts" (2013): 4.79 letters a word in running text.
        because="A word of English text has nearly five letters, and a space. Each one is a step of the model.",
        minutes=4,
        query={"rows": "The ladder", "tab": "Learn", "learn": "Characters"},
    ),
    Step(
        key="bpe",
        page="Tokenizers",
        title="Train a tokenizer",
        objective="Tokenization",
        goal="Byte-pair encoding (BPE) learns its tokens: it joins two neighbours into one, again and again.",
        do="Step through the merges, then scroll to “Text to encode”, type a text of your own, and see how it is cut.",
        question="Which two neighbours does BPE join next?",
        options=("The two longest tokens", "The pair that occurs most often", "A pair drawn at random"),
        right=1,
        # Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016).
        because="Frequent words end up as one token and rare ones as several: that is all that training a BPE does.",
        minutes=7,
        short=6,
        query={"rows": "The ladder", "tab": "Learn", "learn": "BPE"},
    ),
    Step(
        key="real",
        page="Tokenizers",
        title="Tokenizers that are in use",
        objective="Tokenization",
        goal="GPT-2, GPT-4 and Qwen learned from other texts, so they cut the same text differently.",
        do="Compare the counts for the code; then try “Hindi” and “Long digits” from the examples.",
        question="Which tokenizer needs fewer tokens for the code: GPT-2’s or cl100k_base, GPT-4’s?",
        options=("GPT-2’s", "cl100k_base", "Both need the same number"),
        right=1,
        # Their sizes: 50,257 and 100,277 (tiktoken). That cl100k_base has runs of spaces as tokens is tested.
        because="Its vocabulary is twice as large: it has whole runs of spaces, as in code, and more of other scripts.",
        minutes=5,
        short=4,
        query={"rows": "Real tokenizers", "text": CODE},
    ),
    Step(
        key="block",
        page="Architecture",
        title="The parts of a model",
        objective="What a model is",
        goal="A model is a stack of blocks: norms, attention, an MLP, and residual connections around them.",
        do="Click a box, read what breaks without it, take it out, and see what the model says then.",
        question="Which part of a block lets a token take in something of the tokens before it?",
        options=("Attention", "The MLP", "The norms"),
        right=0,
        because="MLP and norms compute every position by itself. Attention alone carries information between them.",
        minutes=7,
        short=6,
        query={"view": "Block diagram", "prompt": "The capital of France is"},
    ),
    Step(
        key="linear",
        page="Architecture",
        title="One linear layer",
        objective="What a model is",
        goal="Most of a model’s parameters are in linear layers: multiply by a matrix, add a bias.",
        do="Change an input and follow one output’s products to their sum.",
        question="A linear layer has 4 inputs, 3 outputs and a bias. How many parameters is that?",
        options=("7", "12", "15"),
        right=2,
        because="One weight for every input of every output, and one bias for every output.",
        minutes=5,
        query={"view": "One linear layer"},
    ),
    Step(
        key="parameters",
        page="Architecture",
        title="Count the parameters",
        objective="What a model is",
        goal="A model’s configuration fixes the number of its parameters, part by part.",
        do="Find GPT-2’s MLPs and its token embedding, and compare them.",
        question="GPT-2 small has 124,439,808 parameters. Which share of them is in the MLPs of its 12 blocks?",
        options=("About a twentieth", "Nearly half", "Nearly all"),
        right=1,
        because="Each MLP has two matrices of 768 × 3,072. The token embedding is the second largest part.",
        minutes=5,
        query={"view": "Parameters", "arch": "gpt2"},
    ),
    Step(
        key="softmax",
        page="Architecture",
        title="From logits to probabilities",
        objective="What a model is",
        goal="The last layer gives every token a score, its logit. The softmax makes probabilities of them.",
        do="Compare logits and probabilities of the likeliest tokens.",
        question="Add 10 to all logits at once. What becomes of the probabilities?",
        options=("They grow", "They shrink", "Nothing: they stay as they are"),
        right=2,
        because="Numerator and denominator of the softmax are both multiplied by e¹⁰: only differences count.",
        minutes=5,
        short=3,
        query={"view": "A live pass", "pass": "Logits", "prompt": "The capital of France is"},
        text="prompt",
    ),
    Step(
        key="temperature",
        page="Next_Token",
        title="Temperature",
        objective="Generation",
        goal="The temperature divides all logits before the softmax. It changes how bold the choice is.",
        do="Drag the temperature to 0.5 and to 2, and watch the first bar.",
        question="You lower the temperature from 1 to 0.5. What happens to the likeliest token?",
        options=("It gets likelier", "It gets less likely", "Nothing: the order stays the same"),
        right=0,
        because="The differences between the logits double, so the first one pulls away. The order stays the same.",
        minutes=6,
        short=5,
        query={"prompt": _STORY},
        text="prompt",
    ),
    Step(
        key="filters",
        page="Next_Token",
        title="Top-k and top-p",
        objective="Generation",
        goal="Filters cut off the unlikely tokens before one is drawn: top-k by number, top-p by probability.",
        do="Top-p is at 0.9. Take two or three examples and count the tokens that are still possible.",
        question="Does top-p 0.9 leave the same number of tokens after every text?",
        options=("Yes, always the same", "No: few where the model is sure, many where it is not"),
        right=1,
        # Holtzman et al., "The Curious Case of Neural Text Degeneration" (2020).
        because="Top-p takes as many tokens as it needs to hold 90% of the probability. Top-k always takes k.",
        minutes=6,
        query={"prompt": "The capital of France is", "p": "0.9"},
    ),
    Step(
        key="greedy",
        page="Decoding",
        title="Greedy or drawn",
        objective="Generation",
        goal="The model gives probabilities; a decoding strategy chooses. Other strategy, other text.",
        do="Press Run, then “Run with the next seed”, and see which texts change.",
        question="You run again with another seed. Which text is sure to stay the same?",
        options=("The greedy one", "The one that is drawn with top-p", "All of them"),
        right=0,
        because="Greedy decoding takes the likeliest token every time, so there is nothing for a seed to decide.",
        minutes=7,
        short=5,
        query={"prompt": "Once upon a time", "s": "greedy_r1~topk_k80_t1_r1~topp_p0.9_t1_r1"},
        text="prompt",
    ),
    Step(
        key="beam",
        page="Decoding",
        title="Beam search",
        objective="Generation",
        goal="Beam search looks for a likely text as a whole instead of a likely next token.",
        do="Press Run, open “Beam tree” and follow a beam that was given up.",
        question="Beam search with 4 beams: what does it keep after every step?",
        options=("The one likeliest token", "The four likeliest texts so far", "Four texts drawn at random"),
        right=1,
        because="Each of them goes on with its likeliest tokens, and the four best of all these are kept.",
        minutes=5,
        query={"prompt": "Once upon a time", "s": "greedy_r1~beam_b4_l1"},
        text="prompt",
    ),
    Step(
        key="training",
        page="Training",
        title="Where the numbers come from",
        objective="What a model is",
        goal="All parameters begin as random numbers. Training changes them so that the next token gets likelier.",
        do="Press Train. Watch the loss fall and the samples turn into sentences. When it has ended, look at the sums.",
        question="33 of the 169 sums are never in the training text. After training, how many of them come out right?",
        options=("None: it can only repeat what it has read", "A few", "Most of them"),
        right=2,
        # lib/training/world.py: SEEN and UNSEEN.
        because="It read the other 136 again and again, and what it learned from them holds for pairs it never saw.",
        minutes=6,
        short=5,
        query={"train-tab": "Sums"},
    ),
    Step(
        key="tuning",
        page="Training",
        title="Teach it to chat",
        objective="Completion and chat",
        goal="Supervised fine-tuning goes on with the same training, on dialogues in a chat template.",
        do="Choose “2. Teach it to chat” and press its button. In the dialogues below, see which tokens are greyed.",
        question="On which tokens is the loss of fine-tuning computed?",
        options=("On all tokens of a dialogue", "On those of the replies", "On those of the questions"),
        right=1,
        because="The model is to learn to answer, not to ask: questions are read, and only replies are learned.",
        minutes=4,
        query={"train-tab": "The dialogues"},
    ),
    Step(
        key="template",
        page="Completion_vs_Chat",
        title="Continue or answer",
        objective="Completion and chat",
        goal="Base and instruct models both continue a text. The chat template makes that text a conversation.",
        do="Press “Write all”. Compare the model before and after fine-tuning, raw and in the chat template.",
        question="One instruct model, the same question, once raw and once in its chat template. What differs?",
        options=("The model’s weights", "Only the tokens that it reads", "The temperature"),
        right=1,
        because="The template puts the question between special tokens that the model was tuned on.",
        minutes=5,
        short=4,
        query={"prompt": "What is 2 + 2?"},
        text="prompt",
    ),
    Step(
        key="chat",
        page="Chat",
        title="What a chat model reads",
        objective="The playground",
        goal="A chat is the same loop: the whole conversation as one text, and the next token.",
        do="Ask something, then ask again, and watch how the Template X-ray grows.",
        question="You send a second message. What does the model get to read?",
        options=("The new message", "The whole conversation", "A summary of the conversation"),
        right=1,
        because="The model has no memory between two replies; what it should know has to be in the text.",
        minutes=5,
        short=3,
    ),
)
MINUTES = {"whole": sum(step.minutes for step in STEPS), "short": sum(step.short for step in STEPS)}


def course_steps(*, short: bool) -> tuple[Step, ...]:
    """The steps of the 45-minute or of the 90-minute course."""
    return tuple(step for step in STEPS if step.short) if short else STEPS


# Links had numbers when there were fifteen steps; these are the keys of those steps.
_NUMBERED = (
    "roads", "words", "characters", "bpe", "real", "block", "linear", "parameters", "softmax", "temperature", "filters",
    "greedy", "beam", "template", "chat",
)  # fmt: skip


def linked(text: str) -> Step | None:
    """The step that `step=…` of a link names, by its key or by its number in an old link; None for anything else.

    >>> linked("bpe").title, linked("4").title, linked("15").key
    ('Train a tokenizer', 'Train a tokenizer', 'chat')
    >>> linked("0"), linked("16"), linked("²"), linked("9" * 5000)
    (None, None, None, None)
    """
    if text.isascii() and text.isdigit() and len(text) < 3:
        text = _NUMBERED[int(text) - 1] if 0 < int(text) <= len(_NUMBERED) else ""
    return next((step for step in STEPS if step.key == text), None)

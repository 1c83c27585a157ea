"""Multiple-choice questions of ours on what the app shows. Their options are mixed when they are asked."""

from lib.classroom.questions import Question


def _quiz(text: str, *options: str, why: str) -> Question:
    """One of ours: the right option stands first here and anywhere in the room."""
    return Question("quiz", text, options, 0, note=why)


QUIZ = (
    _quiz(
        "What does a language model compute at each step?",
        "A probability for every token it knows",
        "The one best next word",
        "A whole sentence, shown word by word",
        "The passage of its training text that fits best",
        why="One pass gives every token of the vocabulary a probability. Choosing one of them is a second step.",
    ),
    _quiz(
        "Why are some words cut into several tokens?",
        "The vocabulary has only so many entries: rare words are put together from pieces",
        "Long words would need too much memory",
        "Every syllable is one token",
        "The model cuts words that it does not understand",
        why="A tokenizer's merges come from frequent pieces of text (BPE); what was rare there is built from several.",
    ),
    _quiz(
        "A model gave the token that came a probability of 25%. What was its surprise in bits?",
        "2",
        "0.25",
        "4",
        "25",
        why="−log₂ 0.25 = 2: each bit halves the probability.",
    ),
    _quiz(
        "The temperature goes from 1 to 0.5. What happens to the likeliest token?",
        "It becomes more likely",
        "It becomes less likely",
        "Its probability stays as it is",
        "It becomes certain",
        why="Logits are divided by the temperature: below 1 they move apart. Certain is only temperature 0.",
    ),
    _quiz(
        "Top-p with p = 0.9 keeps …",
        "the fewest likeliest tokens that have 90% together",
        "every token with a probability above 0.9",
        "90% of the tokens in the vocabulary",
        "the 90 likeliest tokens",
        # Holtzman et al. 2020, section 3.1: the smallest set whose probabilities sum to at least p.
        why="How many that are depends on the distribution: few where the model is sure, many where it is not.",
    ),
    _quiz(
        "Greedy decoding takes the likeliest token at every step. Does it find the likeliest text?",
        "Not always: a less likely first token can begin a likelier text",
        "Always",
        "Only at temperature 1",
        "Only if the prompt is a question",
        why="A text's probability is the product over its tokens; the best first factor can lead to small ones.",
    ),
    _quiz(
        "You send the third message of a chat. What does the model read?",
        "The whole conversation so far, as one text in the template's format",
        "The third message alone",
        "A summary that it keeps of the first two",
        "Your three messages without its own answers",
        why="A model keeps nothing between turns: each time it is given all of the text that fits into its context.",
    ),
    _quiz(
        "With a causal mask, a token can attend to …",
        "itself and the tokens before it",
        "the tokens after it",
        "every token of the text",
        "the token before it, and no other",
        why="What comes later is hidden: otherwise the model could read the token that it is trained to predict.",
    ),
)

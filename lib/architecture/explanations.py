"""What each box of the block diagram does and why it is there, in words for people who have not seen one before.

Formulas follow Vaswani et al. 2017 (attention), Ba et al. 2016 (LayerNorm), Zhang and Sennrich 2019 (RMSNorm),
Su et al. 2021 (RoPE), Shazeer 2020 (gated MLPs), Ainslie et al. 2023 (shared KV heads).
"""

from dataclasses import dataclass

from lib.architecture.spec import Architecture


@dataclass(frozen=True)
class Text:
    """`what` and `why` may use {a.<field of Architecture>}; `formula` is LaTeX."""

    what: str
    why: str
    formula: str = ""


_PROJECTION = "x W_{%s}^\\top"
TEXTS = {
    "tokens": Text(
        "The text as whole numbers: the place of every token in the vocabulary of {a.vocab:,} entries.",
        "A network computes with numbers. The tokenizer decided how the text is cut; the model only ever sees ids.",
    ),
    "embedding": Text(
        "A table with one row of {a.width:,} numbers for each of the {a.vocab:,} tokens. An id picks its row.",
        "It turns a token into a vector that the layers can work on. Nothing is multiplied here: it is a lookup.",
        r"x_t = E[\,\mathrm{id}_t\,]",
    ),
    "embedding_scaled": Text(
        "A table with one row of {a.width:,} numbers for each of the {a.vocab:,} tokens. An id picks its row, and "
        "Gemma multiplies it by the square root of the width.",
        "It turns a token into a vector that the layers can work on. In a small model with a large vocabulary this "
        "table holds most of the parameters.",
        r"x_t = \sqrt{d}\; E[\,\mathrm{id}_t\,]",
    ),
    "positions": Text(
        "A second table with one row of {a.width:,} numbers for each of the {a.context:,} places in a text. The row is "
        "added.",
        "Attention by itself does not know the order of tokens. This table says “you are the fifth token”. A text "
        "longer than the table has no rows left: that is GPT-2's hard limit.",
        r"x_t \leftarrow x_t + P[\,t\,]",
    ),
    "norm": Text(
        "Scales every token's vector to a standard size, then multiplies each component by a learned number. LayerNorm "
        "first moves the vector's mean to 0 and last adds a learned number; RMSNorm does neither.",
        "The residual stream grows from block to block. Norms keep the numbers in a range where training is stable.",
    ),
    "q": Text(
        "A linear layer that makes {a.heads} query vectors of {a.head_dim} numbers from every token.",
        "A query says what a token is looking for in the tokens before it.",
        _PROJECTION % "Q",
    ),
    "k": Text(
        "A linear layer that makes {a.kv_heads} key vectors of {a.head_dim} numbers from every token. {a.sharing}",
        "A key says what a token has to offer. Keys are kept in the KV cache, so fewer KV heads make a smaller cache.",
        _PROJECTION % "K",
    ),
    "v": Text(
        "A linear layer that makes {a.kv_heads} value vectors of {a.head_dim} numbers from every token.",
        "A value is what a token hands over when another token attends to it. Values are cached too.",
        _PROJECTION % "V",
    ),
    "qk_norm": Text(
        "Normalises every query and every key, with one learned scale per component, shared by all heads.",
        "It stops the scores from growing so large that softmax puts everything on one token.",
    ),
    "rope": Text(
        "Turns pairs of components of every query and key by an angle that grows with the token's place "
        "(r = {a.rotary_dim} of the {a.head_dim} components take part). It has no weights.",
        "After turning, the product of a query and a key depends on how far apart the two tokens are. "
        "That is how these models know the order.",
        r"\begin{pmatrix}q_i\\q_{i+r/2}\end{pmatrix}\leftarrow\begin{pmatrix}\cos t\theta_i&-\sin t\theta_i\\"
        r"\sin t\theta_i&\cos t\theta_i\end{pmatrix}\begin{pmatrix}q_i\\q_{i+r/2}\end{pmatrix}",
    ),
    "scores": Text(
        "Every query is multiplied with every key. Scores for later tokens are masked, softmax turns the rest into "
        "weights that sum to 1, and the values are added up with these weights. It has no weights of its own.",
        "The one place where tokens exchange information. Everything else works on each token alone. "
        "The scores grow with the square of the text's length.",
        r"\mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d_h}} + \mathrm{mask}\right) V",
    ),
    "out": Text(
        "A linear layer that mixes the {a.heads} heads' results back into one vector of {a.width:,} numbers.",
        "The heads worked side by side. This layer combines what they found.",
        r"[\,h_1 \dots h_H\,]\, W_O^\top",
    ),
    "add": Text(
        "Adds what the block computed to what came in.",
        "The residual connection: layers only write corrections into a stream that runs through the whole model. "
        "It lets gradients reach the first layers of a deep network.",
        r"x \leftarrow x + f(x)",
    ),
    "gate": Text(
        "A linear layer to {a.inner:,} numbers whose result, after the activation, opens or closes the other one.",
        "Gated MLPs learn better for the same number of parameters.",
        _PROJECTION % r"\mathrm{gate}",
    ),
    "up": Text(
        "A linear layer from {a.width:,} to {a.inner:,} numbers.",
        "The MLP looks at every token alone. Its wide middle holds many small detectors; much of what a model "
        "knows sits in these matrices.",
        _PROJECTION % r"\mathrm{up}",
    ),
    "activation": Text(
        "Bends every number: large positive ones stay almost as they are, large negative ones become almost 0 (with "
        "ReLU all negative ones become 0). It has no weights.",
        "Without a bend, two linear layers in a row would be the same as one.",
    ),
    "gated": Text(
        "Bends the gate's numbers and multiplies them with the other branch, number by number. It has no weights.",
        "Without a bend, linear layers in a row would be the same as one. The product lets one branch switch the "
        "other on and off.",
        r"\phi(x W_{\mathrm{gate}}^\top) \odot x W_{\mathrm{up}}^\top",
    ),
    "down": Text(
        "A linear layer from {a.inner:,} back to {a.width:,} numbers.",
        "It writes what the detectors found back into the residual stream.",
        _PROJECTION % r"\mathrm{down}",
    ),
    "head": Text(
        "A linear layer that gives every one of the {a.vocab:,} tokens a score (a logit). It has weights of its own.",
        "The score says how well a token would continue the text. This is where a vector becomes a prediction.",
        r"\mathrm{logits} = x\, W_{\mathrm{head}}^\top",
    ),
    "head_tied": Text(
        "Compares the final vector with every row of the embedding table: one score (a logit) for each of the "
        "{a.vocab:,} tokens. The weights are the embedding's own, so they are counted there.",
        "Tying saves a table of {a.vocab:,} × {a.width:,} numbers. A token is read and written with the same vector.",
        r"\mathrm{logits} = x\, E^\top",
    ),
    "softmax": Text(
        "Turns the {a.vocab:,} scores of a position into probabilities that sum to 1.",
        "The result is the distribution of the next token, at every position at once. A chat uses only the last one.",
        r"p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}",
    ),
    "unknown": Text(
        "The tensors whose names say that they belong here. This page does not know this family's inner order.",
        "Counts, shapes and bytes are exact: they come from PyTorch's own module.",
    ),
}


def norm_formula(arch: Architecture) -> str:
    """LaTeX of the norm that the family uses."""
    if arch.norm == "LayerNorm":
        return r"\frac{x-\bar x}{\sqrt{\mathrm{Var}(x)+\epsilon}} \odot g + b"
    scale = "(1+g)" if arch.family == "gemma3_text" else "g"
    return r"\frac{x}{\sqrt{\frac1d\sum_i x_i^2+\epsilon}} \odot " + scale

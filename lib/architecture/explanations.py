"""What each box of the block diagram does, what breaks without it, and why it is there, for a first-time reader.

Formulas follow Vaswani et al. 2017 (attention), Ba et al. 2016 (LayerNorm), Zhang and Sennrich 2019 (RMSNorm),
Su et al. 2021 (RoPE), Shazeer 2020 (gated MLPs), Ainslie et al. 2023 (shared KV heads).
"""

from dataclasses import dataclass

from lib.architecture.spec import Architecture


@dataclass(frozen=True)
class Text:
    """`does` and `without` are a line each, `what` and `why` go deeper; all may use {a.<field of Architecture>}.

    `formula` is LaTeX.
    """

    does: str
    without: str
    what: str
    why: str
    formula: str = ""


_ORDER = "The order of the tokens is all but lost; only the causal mask still gives some of it away."
_LEAK = (
    " The causal mask alone gives some order away, as the first token sees one token and the fifth sees five; models "
    "can even be trained on that (Haviv et al. 2022), but this one was not."
)
# Geva et al. 2021 (MLPs as key-value memories), Meng et al. 2022 (facts edited in MLP weights).
_MLP = (
    "Attention could only mix tokens; nothing would work on each one, and much of what the model knows would be gone."
)
# Without queries or keys every score is 0, and the softmax of equal scores gives equal weights.
_BLIND = "Queries and keys decide together where a head looks: without either, it would look at all tokens alike."
_EMPTY = "Heads would still choose where to look, but bring nothing back from there."
_PROJECTION = "x W_{%s}^\\top"
TEXTS = {
    "tokens": Text(
        "The text as whole numbers: the token IDs.",
        "A network computes with numbers: there would be nothing to look up.",
        "Each ID is a token's place in the vocabulary of {a.vocab_size:,} entries.",
        "The tokenizer decided how the text is cut. The model never sees letters, only IDs.",
    ),
    "embedding": Text(
        "Looks up a vector of {a.hidden_size:,} numbers for each token.",
        "An ID is only a name: the layers would have no vector to work on.",
        "A table with one row of {a.hidden_size:,} numbers for each of the {a.vocab_size:,} tokens. "
        "An ID picks its row.",
        "Training moved the rows so that tokens that are used alike have similar rows. Nothing is multiplied here: "
        "it is a lookup.",
        r"x_t = E[\,\mathrm{id}_t\,]",
    ),
    "embedding_scaled": Text(
        "Looks up a vector of {a.hidden_size:,} numbers for each token.",
        "An ID is only a name: the layers would have no vector to work on.",
        "A table with one row of {a.hidden_size:,} numbers for each of the {a.vocab_size:,} tokens. "
        "An ID picks its row, and Gemma multiplies it by the square root of the hidden size.",
        "Training moved the rows so that tokens that are used alike have similar rows. In a small model with a large "
        "vocabulary this table holds most of the parameters.",
        r"x_t = \sqrt{d}\; E[\,\mathrm{id}_t\,]",
    ),
    "positions": Text(
        "Adds a vector that says where in the text the token stands.",
        _ORDER,
        "A second table with one row of {a.hidden_size:,} numbers for each of the {a.context:,} positions. "
        "The row is added to the token's.",
        "Attention compares tokens without asking where they stand. This table says “you are the fifth token”. A text "
        "longer than the table has no rows left: that is this model's hard limit." + _LEAK,
        r"x_t \leftarrow x_t + P[\,t\,]",
    ),
    "norm": Text(
        "{a.norm} brings every token's vector to a standard size before the next layer reads it.",
        "The numbers grow from block to block. Layers would get inputs of a size that they never saw in training, "
        "until the numbers overflow.",
        "{a.norm} divides by a measure of the vector's size, then multiplies each component by a learned number. "
        "LayerNorm first moves the vector's mean to 0 and last adds a learned number; RMSNorm does neither.",
        "The residual stream collects what all blocks add. Norms keep the numbers in a range in which training is "
        "stable.",
    ),
    "final_norm": Text(
        "{a.norm} brings every token's vector to a standard size before the output head reads it.",
        "The logits would have the wrong scale, and the probabilities would be far too sharp or too flat.",
        "{a.norm}, as in the blocks, with learned numbers of its own.",
        "Each block adds to the residual stream, so that its size at the end says little. The head was trained on "
        "vectors of this size.",
    ),
    "q": Text(
        "Makes {a.heads} queries from each token, one per head: what the head looks for.",
        _BLIND,
        "A linear layer that makes {a.heads} query vectors of {a.head_dim} numbers from every token's vector.",
        "A query is compared with the keys of this token and of those before it. Where they match, the head looks.",
        _PROJECTION % "Q",
    ),
    "k": Text(
        "Makes {a.kv_heads} keys from each token: what other tokens can find it by.",
        _BLIND,
        "A linear layer that makes {a.kv_heads} key vectors of {a.head_dim} numbers from every token's vector. "
        "{a.sharing}",
        "While a text is written, keys are kept (the KV cache) so that they are not computed again for every new "
        "token. Fewer KV heads make a smaller cache.",
        _PROJECTION % "K",
    ),
    "v": Text(
        "Makes {a.kv_heads} values from each token: what it hands over when it is looked at.",
        _EMPTY,
        "A linear layer that makes {a.kv_heads} value vectors of {a.head_dim} numbers from every token's vector. "
        "{a.sharing}",
        "Keys decide where a head looks, values what it gets there. Values are kept in the KV cache too.",
        _PROJECTION % "V",
    ),
    "qk_norm": Text(
        "Brings every query and every key to a standard size.",
        "Scores could grow so large that softmax puts everything on one token.",
        "One learned scale for each of the {a.head_dim} components, the same for all heads. Values are left as they "
        "are.",
        "It keeps training stable, as the norms on the stream do.",
    ),
    "rope": Text(
        "Rotates queries and keys by an angle that grows with the token's position.",
        _ORDER,
        "Pairs of components rotate together ({a.rotary_dim} of the {a.head_dim} components take part), some pairs "
        "fast, some slowly. Values are left as they are. It has no parameters.",
        "After the rotation, the product of a query and a key depends on how far apart the two tokens are, not on "
        "where they stand." + _LEAK,
        r"\begin{pmatrix}q_i\\q_{i+r/2}\end{pmatrix}\leftarrow\begin{pmatrix}\cos t\theta_i&-\sin t\theta_i\\"
        r"\sin t\theta_i&\cos t\theta_i\end{pmatrix}\begin{pmatrix}q_i\\q_{i+r/2}\end{pmatrix}",
    ),
    "scores": Text(
        "Every token looks at itself and at those before it, and adds up their values.",
        "No attention, and each token stands alone. No mask, and a token sees the very tokens that it should predict.",
        "Every query is multiplied with every key. Scores of later tokens are masked, softmax turns the rest into "
        "weights that sum to 1, and the values are added up with these weights. It has no parameters.",
        "The one place where tokens exchange information; everything else works on each token alone. The number of "
        "scores grows with the square of the text's length. The mask lets one pass train every position at once: "
        "each predicts its next token without seeing it.",
        r"\mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d_h}} + \mathrm{mask}\right) V",
    ),
    "out": Text(
        "Mixes what the {a.heads} heads found into one vector.",
        "Nothing that the heads found would reach the residual stream.",
        "A linear layer from all heads' results, {a.q_width:,} numbers side by side, to {a.hidden_size:,} numbers.",
        "The heads work side by side and do not see one another. This layer combines what they found.",
        r"[\,h_1 \dots h_H\,]\, W_O^\top",
    ),
    "add": Text(
        "Adds what a layer computed to what came in: the residual connection.",
        "Each layer would have to write everything anew: the token itself is lost after one block.",
        "Layers only write corrections into a stream that runs through the whole model, the residual stream.",
        "It also carries the training signal (the gradients) back to the first layers of a deep network, where it "
        "would fade otherwise (He et al. 2015).",
        r"x \leftarrow x + f(x)",
    ),
    "gate": Text(
        "Decides, number by number, how far the “Up” branch is let through.",
        _MLP,
        "A linear layer from {a.hidden_size:,} to {a.intermediate_size:,} numbers. After the activation they "
        "are multiplied with those of “Up”.",
        "Gated MLPs reach a lower loss for the same number of parameters (Shazeer 2020).",
        _PROJECTION % r"\mathrm{gate}",
    ),
    "up": Text(
        "Widens each token's vector to {a.intermediate_size:,} numbers, one for each of its neurons.",
        _MLP,
        "A linear layer from {a.hidden_size:,} to {a.intermediate_size:,} numbers. Each of the "
        "{a.intermediate_size:,} rows of its matrix reacts to some direction of the vector.",
        "The MLP works on every token alone. Its wide middle is where much of what a model knows seems to sit "
        "(Geva et al. 2021).",
        _PROJECTION % r"\mathrm{up}",
    ),
    "activation": Text(
        "Bends every number: large ones pass, negative ones become almost 0.",
        "Two linear layers in a row would be the same as one.",
        "Large positive numbers stay almost as they are, large negative ones become almost 0 (with ReLU all negative "
        "ones become 0). It has no parameters.",
        "The bend lets the network compute what no single matrix can.",
    ),
    "gated": Text(
        "Bends the gate's numbers and multiplies them with those of “Up”.",
        "The product of gate and up would be the only bend left, and the gate could no longer close.",
        "The activation is applied to the gate's numbers; the result multiplies the other branch, number by number. It "
        "has no parameters.",
        "The product lets one branch switch the other on and off.",
        r"\phi(x W_{\mathrm{gate}}^\top) \odot x W_{\mathrm{up}}^\top",
    ),
    "down": Text(
        "Writes what the MLP's neurons found back into the residual stream.",
        _MLP,
        "A linear layer from {a.intermediate_size:,} back to {a.hidden_size:,} numbers.",
        "Each neuron that fired adds its own column of this matrix to the token's vector.",
        _PROJECTION % r"\mathrm{down}",
    ),
    "head": Text(
        "Compares the final vector with a row for each token: one score, a logit, for each of the {a.vocab_size:,}.",
        "The model would end with a vector of {a.hidden_size:,} numbers, and nobody could say which token it means.",
        "A linear layer: row i of its matrix stands for token i, and the score is the product of "
        "that row with the final vector. It has parameters of its own.",
        "Up to here there are only vectors. A score is high where the vector points the way of a token's row: this is "
        "where the model says something about tokens. Scores are any numbers; softmax makes probabilities of them.",
        r"\mathrm{logits} = x\, W_{\mathrm{head}}^\top",
    ),
    "head_tied": Text(
        "Compares the final vector with a row for each token: one score, a logit, for each of the {a.vocab_size:,}.",
        "The model would end with a vector of {a.hidden_size:,} numbers, and nobody could say which token it means.",
        "The score is the product of the final vector with the token's row. The rows are those of the embedding table "
        "(the head is *tied* to it), so its parameters are counted there.",
        "Up to here there are only vectors. A score is high where the vector points the way of a token's row: this is "
        "where the model says something about tokens. Scores are any numbers; softmax makes probabilities of them. "
        "Tying saves a second table of {a.vocab_size:,} × {a.hidden_size:,} numbers.",
        r"\mathrm{logits} = x\, E^\top",
    ),
    "softmax": Text(
        "Turns the scores into probabilities: none negative, together 100%.",
        "Scores can be negative and sum to anything. One could rank tokens by them, but not draw one.",
        "e to the power of each of the {a.vocab_size:,} scores, divided by the sum of them all. It has no parameters.",
        "The result is a distribution of the next token, at every position at once. Whoever writes a text uses the "
        "last one only.",
        r"p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}",
    ),
    "unknown": Text(
        "The tensors whose names say that they belong here.",
        "that cannot be tried, as this page does not know in which order this family computes.",
        "Counts, shapes and bytes are exact: they come from PyTorch's own module. What is inside, this page knows of "
        "the families of the models in its list only.",
        "",
    ),
}


def norm_formula(arch: Architecture) -> str:
    """LaTeX of the norm that the family uses."""
    if arch.norm == "LayerNorm":
        return r"\frac{x-\bar x}{\sqrt{\mathrm{Var}(x)+\epsilon}} \odot g + b"
    scale = "(1+g)" if arch.family == "gemma3_text" else "g"
    return r"\frac{x}{\sqrt{\frac1d\sum_i x_i^2+\epsilon}} \odot " + scale

"""The steps of a live pass in words: what each intermediate tensor is. Plain data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """`axes` names the tensor's dimensions; `said` is a sentence for the reader."""

    label: str
    axes: str
    said: str
    part: str  # "input", "attention", "mlp", "output"


_STREAM, _HEADS, _SQUARE, _WIDE = (
    "(batch, tokens, d)",
    "(batch, heads, tokens, head_dim)",
    "(batch, heads, tokens, tokens)",
    "(batch, tokens, MLP width)",
)
STORY: dict[str, Line] = {
    "embedding": Line("Token embedding", _STREAM, "Every token's row of the embedding table.", "input"),
    "positions": Line("Position embedding", _STREAM, "The row of the position table for each place.", "input"),
    "stream": Line("Embedding + position", _STREAM, "The sum: the start of the residual stream.", "input"),
    "norm1": Line("Norm", _STREAM, "Each token's vector, scaled to a standard size.", "attention"),
    "q": Line("Queries Q", _HEADS, "What each token looks for, head by head.", "attention"),
    "k": Line("Keys K", _HEADS, "What each token offers.", "attention"),
    "v": Line("Values V", _HEADS, "What each token hands over.", "attention"),
    "q_norm": Line("Norm of Q", _HEADS, "Queries of a standard size.", "attention"),
    "k_norm": Line("Norm of K", _HEADS, "Keys of a standard size.", "attention"),
    "q_rope": Line("Q turned by RoPE", _HEADS, "Pairs of components turned by the token's place.", "attention"),
    "k_rope": Line("K turned by RoPE", _HEADS, "The same turn for the keys.", "attention"),
    "scores": Line("Scores Q·Kᵀ / √head_dim", _SQUARE, "Row: the token that looks; column: what it sees.", "attention"),
    "masked": Line("Scores, future masked", _SQUARE, "No looking ahead: those scores become −∞.", "attention"),
    "weights": Line("Softmax: attention weights", _SQUARE, "Every row sums to 1.", "attention"),
    "mixed": Line("Weighted sum of values", _HEADS, "Each token's mix of the values it attended to.", "attention"),
    "out": Line("Output projection", _STREAM, "The heads side by side, mixed into one vector.", "attention"),
    "after_attn": Line("Norm after attention", _STREAM, "Scaled again before it is added.", "attention"),
    "add1": Line("Residual: x + attention", _STREAM, "The attention's correction is added to the stream.", "attention"),
    "norm2": Line("Norm", _STREAM, "The stream, scaled again for the MLP.", "mlp"),
    "gate": Line("MLP gate", _WIDE, "Which detectors open.", "mlp"),
    "up": Line("MLP up", _WIDE, "The wide middle. It is bent next; with a gate, the bent gate multiplies it.", "mlp"),
    "activation": Line("Activation", _WIDE, "Bent (with a gate: bent gate × up): most numbers end near 0.", "mlp"),
    "down": Line("MLP down", _STREAM, "Back to the width of the stream.", "mlp"),
    "after_mlp": Line("Norm after MLP", _STREAM, "Scaled again before it is added.", "mlp"),
    "final_norm": Line("Final norm", _STREAM, "The last block's output, scaled for the output head.", "output"),
    "add2": Line("Residual: block output", _STREAM, "What the next block receives.", "mlp"),
}

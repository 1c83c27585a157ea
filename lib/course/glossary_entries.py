"""What each term of the glossary means, and on which pages (addresses) one meets it. No markup: plain sentences."""

_T, _A, _N, _D, _L, _V, _C, _K = (
    "Tokenizers", "Architecture", "Next_Token", "Decoding", "Training", "Completion_vs_Chat", "Chat", "Class",
)  # fmt: skip

ENTRIES: dict[str, tuple[str, tuple[str, ...]]] = {
    # Text and tokens
    "token": (
        "A piece of text that a model reads or writes in one step: a word, a part of a word, a punctuation mark, or "
        "single bytes. Every token has a number in the vocabulary.",
        (_T, _N, _D, _C),
    ),
    "token ID": (
        "The number of a token in its vocabulary, counted from 0. The same number means something else in another "
        "vocabulary.",
        (_T, _N, _C),
    ),
    "vocabulary": (
        "The fixed list of all tokens that a tokenizer knows. It is made once, before the model is trained.",
        (_T, _A, _N),
    ),
    "tokenizer": (
        "The program that cuts text into tokens (encode) and joins tokens back into text (decode). It belongs to its "
        "model: a model can only read the token IDs it was trained on.",
        (_T,),
    ),
    "corpus": ("A collection of text that something is trained on: a tokenizer, or a model.", (_T, _L, _V)),
    "subword": ("A piece between a letter and a word. Frequent words are one subword, rare words are several.", (_T,)),
    # Sennrich, Haddow and Birch 2016; on bytes: GPT-2, Radford et al. 2019.
    "byte-pair encoding (BPE)": (
        "A way to make a subword vocabulary: start from single characters or bytes, and again and again merge the "
        "most frequent pair of neighbours into a new token. To encode a text, the merges are carried out in the order "
        "in which they were learned.",
        (_T,),
    ),
    "merge": ("One rule of BPE: these two neighbouring tokens become this one.", (_T,)),
    "byte": (
        "A number from 0 to 255, the unit of stored text. In UTF-8 an English letter is one byte, most other letters "
        "are two or three, most emoji four or more.",
        (_T,),
    ),
    "byte fallback": (
        "What SentencePiece vocabularies such as Llama 2's do with a character they have no token for: write it as "
        "its bytes, for which there are 256 tokens.",
        (_T,),
    ),
    "pre-tokenizer": (
        "The rule that splits a text into rough pieces, such as words with the space before them, ahead of BPE. No "
        "merge crosses the border between two pieces.",
        (_T,),
    ),
    "unknown token": (
        "A stand-in, often written [UNK], for what a vocabulary has no token for. What it stood for is lost. "
        "Vocabularies that contain all bytes do not need one.",
        (_T,),
    ),
    "special token": (
        "A token with a job instead of a text, such as “the document ends here” or “the user's turn begins here”. "
        "Typed text should never be turned into one.",
        (_T, _V, _C),
    ),
    "end-of-text token": (
        "A special token between the documents of the training text. A model that produces it says: this text is over.",
        (_N, _D, _V),
    ),
    # The model
    "language model": (
        "A program that gives every token of its vocabulary a probability of coming next, given the tokens so far.",
        (_A, _N),
    ),
    "parameter": (
        "One of the numbers inside a model that training sets, also called a weight. GPT-2 small has 124,439,808.",
        (_A,),
    ),
    "linear layer": (
        "A layer that multiplies its input, a list of numbers, by a matrix of parameters and may add a list of "
        "parameters, the bias: y = Wx + b.",
        (_A,),
    ),
    "bias": ("The parameters that a linear layer adds after its multiplication. Many recent models have none.", (_A,)),
    "embedding": (
        "The list of numbers that stands for a token inside the model: one row of a table with a row for every token.",
        (_A,),
    ),
    "vector": ("A list of numbers of a fixed length.", (_A,)),
    "tensor": ("Numbers arranged in a grid of any number of dimensions. A vector has one, a matrix two.", (_A,)),
    "shape": ("How many numbers a tensor has along each dimension, such as (batch, sequence, vocabulary).", (_A,)),
    "hidden size": (
        "How many numbers stand for one token between the blocks of a model; also called model width or d_model. 768 "
        "in GPT-2 small.",
        (_A,),
    ),
    # A causal mask gives some of the order away: Haviv et al. 2022.
    "position": (
        "Where a token stands in the text. Attention by itself does not see order, so a model is told: with an "
        "embedding of the position, or with RoPE.",
        (_A,),
    ),
    # Su et al. 2021.
    "RoPE": (
        "Rotary position embedding: the queries and keys of attention are rotated by an angle that depends on the "
        "position, so that their products depend on how far apart two tokens are.",
        (_A,),
    ),
    # Vaswani et al. 2017.
    "Transformer block": (
        "The part that a model repeats: attention, then an MLP, each behind a normalization and added back to what "
        "came in. The blocks of a model mostly have the same shape; each has its own weights.",
        (_A,),
    ),
    "layer": (
        "In the count of “layers” of a model: one Transformer block. In code: any building block, such as a linear "
        "layer.",
        (_A,),
    ),
    "attention": (
        "The part in which a position looks at itself and others: it compares its query with their keys, turns the "
        "scores into weights that add up to 1, and takes the average of their values with these weights.",
        (_A,),
    ),
    "query, key, value": (
        "Three vectors that attention computes for each token by three linear layers: what this position looks for, "
        "what it offers to be found by, and what it passes on when it is found.",
        (_A,),
    ),
    "head": (
        "One of several attentions that run side by side in a block, each with queries, keys and values of its own.",
        (_A,),
    ),
    # Ainslie et al. 2023.
    "grouped-query attention (GQA)": (
        "Several heads share their keys and values. It makes the KV cache smaller.",
        (_A,),
    ),
    "causal mask": (
        "What keeps every position from looking at later ones: their attention scores are set to minus infinity. "
        "Without it, training to predict the next token would be reading the answer.",
        (_A,),
    ),
    "MLP": (
        "The part of a block that works on each position alone: a linear layer to a wider vector, an activation "
        "function, and a linear layer back. Also called the feed-forward network.",
        (_A,),
    ),
    "activation function": (
        "A curve that is applied to every number between two linear layers, such as GELU or SiLU. Without it the two "
        "layers could be replaced by one.",
        (_A,),
    ),
    # Hendrycks and Gimpel 2016, for both; Elfwing, Uchibe and Doya 2018, and Ramachandran et al. 2017 (as Swish).
    "SiLU": (
        "An activation function: x / (1 + e^(−x)). Large positive numbers stay almost as they are, large negative ones "
        "become almost 0.",
        (_A,),
    ),
    "GELU": (
        "An activation function: x times the probability that a number drawn from the standard normal distribution is "
        "below x. Its curve is close to that of SiLU.",
        (_A,),
    ),
    # He et al. 2016.
    "residual connection": (
        "The way around a part: its output is added to its input, so that the part computes a change. It lets "
        "very deep stacks be trained.",
        (_A,),
    ),
    # Ba et al. 2016; Zhang and Sennrich 2019.
    "normalization": (
        "Bringing the numbers of a vector to a common scale before the next part: LayerNorm in GPT-2, RMSNorm in "
        "Llama, Qwen and SmolLM2.",
        (_A,),
    ),
    # Zhang and Sennrich 2019.
    "RMSNorm": (
        "A normalization that divides a vector by the root of the mean of its squares (RMS) and multiplies each number "
        "by a learned one.",
        (_A,),
    ),
    # Ba et al. 2016.
    "LayerNorm": (
        "A normalization that moves the mean of a vector to 0, divides it by its standard deviation, multiplies each "
        "number by a learned one and adds another.",
        (_A,),
    ),
    "output head": (
        "The last linear layer, which turns the vector of a position into one logit for every token. Also called the "
        "language-model head or unembedding.",
        (_A,),
    ),
    # Press and Wolf 2017.
    "tied weights": ("The output head uses the table of the embedding, so that its parameters count once.", (_A,)),
    # nostalgebraist 2020; Belrose et al. 2023.
    "logit lens": (
        "Applying the final normalization and the output head to the vectors between blocks, to see which token the "
        "model would say if it stopped there. The head was never trained for that, so early layers may look worse "
        "than they are.",
        (_A,),
    ),
    "forward pass": ("One run of tokens through the whole model, from token IDs to logits.", (_A, _N)),
    "context length": ("The largest number of tokens that a model was made to read at once.", (_A, _C)),
    "KV cache": (
        "The keys and values of all earlier tokens, kept in memory so that each new token needs only its own pass.",
        (_A,),
    ),
    "batch size": (
        "How many texts go through a model at the same time; in training, how many rows of tokens one step learns "
        "from.",
        (_A, _L),
    ),
    "precision": (
        "How many bits store one number, also called dtype: float32 has 32, bfloat16 and float16 have 16.",
        (_A, _C),
    ),
    "quantization": ("Storing weights with fewer bits, such as 8 or 4, for less memory at a small loss.", (_A, _C)),
    "FLOP": ("One addition or multiplication of two floating-point numbers; a measure of arithmetic work.", (_A,)),
    "residual stream": (
        "The vectors, one for each position, that run from the embedding through all blocks: every part reads them and "
        "adds its output to them.",
        (_A,),
    ),
    "ablation": ("Taking a part out of a model to see what changes without it.", (_A,)),
    # Xiao et al. 2023.
    "attention sink": (
        "A token, mostly the first, to which many heads give most of their weight when nothing else matters to them.",
        (_A,),
    ),
    # Olsson et al. 2022.
    "induction head": (
        "A head that looks for the last time the current token came up and at what followed it then, so that the model "
        "can repeat it.",
        (_A,),
    ),
    # Belrose et al. 2023.
    "tuned lens": (
        "A logit lens with a small linear layer trained for each depth, so that the head can read the vectors there.",
        (_A,),
    ),
    # Shazeer 2020.
    "gated MLP": (
        "An MLP with two linear layers side by side at its beginning: one, through the activation function, is the "
        "gate that the other is multiplied by. SwiGLU in Llama, Qwen and SmolLM2.",
        (_A,),
    ),
    "sliding-window attention": (
        "Attention in which a position sees only a fixed number of the latest tokens, for less memory and work.",
        (_A,),
    ),
    "activations": ("The numbers that a model computes on the way from its input to its output.", (_A,)),
    # Probabilities
    "logit": (
        "The score a model gives a token before softmax: any number, positive or negative. Only differences count.",
        (_N, _A),
    ),
    "softmax": (
        "What turns logits into probabilities: e to the power of each logit, divided by the sum of all of them.",
        (_N, _A),
    ),
    "probability distribution": (
        "A probability for every possible outcome, here for every token; together they are 1.",
        (_N,),
    ),
    "next-token distribution": ("The probabilities that a model gives to all tokens of coming next.", (_N,)),
    "log probability": (
        "The logarithm of a probability. Log probabilities of the tokens of a text add up to that of the text.",
        (_D, _N),
    ),
    "surprise": (
        "Minus the base-2 logarithm of a probability, in bits, also called surprisal: 1 bit for a coin toss, 10 bits "
        "for one chance in 1,024.",
        (_N, _D),
    ),
    "bit": ("The surprise of a fair coin toss, the unit of information.", (_N,)),
    "nat": ("The unit of information that belongs to the natural logarithm: 1.44 bits. Losses are given in it.", (_L,)),
    # Shannon 1948.
    "entropy": (
        "The average surprise of a distribution, in bits or nats: 0 if one token is certain, higher the more tokens "
        "are in play. No model's loss on new text can be lower, on average, than the entropy of the source of the "
        "text.",
        (_N, _L),
    ),
    "perplexity": (
        "Of a text: e to the power of the average negative log probability of its tokens; the lower, the better the "
        "model predicted it. Of one distribution: 2 to the power of its entropy in bits.",
        (_N, _D),
    ),
    "KL divergence": (
        "How far one distribution is from another, in bits: the average extra surprise of someone who expects the "
        "second while the first is true. 0 only if both are equal.",
        (_A, _V),
    ),
    # Choosing
    "decoding strategy": ("The rule by which a token is chosen from the distribution, again and again.", (_D,)),
    "autoregressive generation": (
        "Writing one token, adding it to the text, and asking the model again with the longer text.",
        (_D, _N),
    ),
    "greedy decoding": ("Always take the most probable token.", (_D,)),
    "sampling": ("Draw a token at random by its probability.", (_D, _N)),
    "temperature": (
        "A number T by which all logits are divided before softmax. Below 1 the likely tokens gain, above 1 the "
        "unlikely ones do; at 1 nothing changes; towards 0 it becomes greedy.",
        (_N, _D, _C),
    ),
    # Fan et al. 2018.
    "top-k sampling": ("Keep the k most probable tokens and draw among them.", (_N, _D)),
    # Holtzman et al. 2020.
    "top-p sampling": (
        "Keep the most probable tokens that together reach probability p and draw among them; also called nucleus "
        "sampling.",
        (_N, _D, _C),
    ),
    # Nguyen et al. 2024.
    "min-p sampling": (
        "Keep the tokens that are at least a given fraction as probable as the most probable one, and draw among them.",
        (_N, _D),
    ),
    # Keskar et al. 2019.
    "repetition penalty": (
        "Lowering the scores of tokens that are in the text already: a positive logit is divided by the penalty, a "
        "negative one multiplied.",
        (_D, _C),
    ),
    "beam search": (
        "Keep the few most probable beginnings at every step, extend each by every token, and keep the best again.",
        (_D,),
    ),
    # transformers: the sum of log probabilities is divided by length ** penalty.
    "length penalty": (
        "The power of the length by which beam search divides the log probability of a text. 0 means no division; "
        "above 0 favours longer texts.",
        (_D,),
    ),
    "seed": ("The number that random draws begin from. The same seed gives the same draws.", (_N, _D, _L, _C)),
    "max new tokens": ("The most tokens a model may write before it is stopped.", (_D, _C)),
    # Li et al. 2016.
    "distinct-2": (
        "How many different pairs of neighbouring tokens a text has, as a share of all pairs; low means it repeats.",
        (_D,),
    ),
    # Training
    "training": (
        "Setting a model's parameters: compare its predictions with real text and move every parameter a little in "
        "the direction that makes the text more probable, many times.",
        (_L, _V),
    ),
    "loss": (
        "What training makes small: the average negative log probability of the true next token, also called "
        "cross-entropy.",
        (_L, _V),
    ),
    "training loss": ("The loss on the text that is being trained on: at each step, on that step's batch.", (_L,)),
    "held-out loss": (
        "The loss on text that is kept apart and never trained on. It tells whether what was learned holds for new "
        "text.",
        (_L,),
    ),
    # Goodfellow, Bengio and Courville, Deep Learning (2016), section 5.2, for this entry and the next.
    "overfitting": (
        "Learning the training text itself instead of what it has in common with new text: the training loss goes on "
        "falling while the held-out loss rises.",
        (_L,),
    ),
    "generalization": (
        "Doing well on what was never trained on, such as sums that are not in the training text.",
        (_L, _V),
    ),
    "n-gram model": (
        "A language model that looks at the last n − 1 tokens only and counts what followed them in the training text: "
        "a unigram model looks at none, a bigram model at one, a trigram model at two. Smoothing keeps a little "
        "probability for what never followed.",
        (_L,),
    ),
    "gradient": ("For every parameter: how much the loss would change if that parameter grew a little.", (_A, _L, _V)),
    # Pascanu, Mikolov and Bengio 2013.
    "gradient norm": (
        "The length of the vector of all gradients. Where it is above a limit, all of them are scaled down to that "
        "limit, so that no single step throws the model off: gradient clipping.",
        (_L,),
    ),
    "training step": (
        "One round of training: read a batch, compute the loss and its gradient, and change all parameters once.",
        (_L,),
    ),
    "learning rate": (
        "How far one step of training moves the parameters. Too small, and learning takes very long; too large, and "
        "the loss stops falling or grows.",
        (_L,),
    ),
    # Loshchilov and Hutter 2017.
    "learning-rate schedule": (
        "How the learning rate changes during training: here it rises for a few steps (warm-up) and then falls along a "
        "cosine.",
        (_L,),
    ),
    "optimizer": ("The rule that makes a change of the parameters out of the gradient, such as AdamW.", (_L,)),
    # Kingma and Ba 2015; Loshchilov and Hutter 2019.
    "AdamW": (
        "An optimizer in wide use: it moves each parameter by a running average of its gradient, divided by the root "
        "of a running average of its square, and shrinks the weights a little at every step (weight decay).",
        (_L,),
    ),
    "checkpoint": (
        "The parameters as they were after some step of training, kept in a file: one can look at that model, use it, "
        "or train it further.",
        (_L,),
    ),
    "pre-training": ("Training on very much text to predict the next token. It gives a base model.", (_L, _V)),
    "base model": ("A model after pre-training only. It continues texts; nobody taught it to answer.", (_L, _V)),
    # Ouyang et al. 2022.
    "supervised fine-tuning (SFT)": (
        "Further training on written examples of requests and good replies, in the format of a chat.",
        (_L, _V),
    ),
    "preference tuning": (
        "Training after SFT on pairs of replies of which people, or another model, preferred one.",
        (_L, _V),
    ),
    "RLHF": (
        "Reinforcement learning from human feedback: a reward model learns which replies people prefer, and the "
        "language model is trained to earn its reward.",
        (_V,),
    ),
    # Rafailov et al. 2023.
    "DPO": (
        "Direct preference optimization: preference tuning from the pairs themselves, without a reward model.",
        (_L, _V),
    ),
    "instruct model": (
        "A model that was tuned to follow requests in a chat format; also called instruction-tuned or chat model.",
        (_V, _C),
    ),
    # Using one
    "prompt": ("The text that a model is given to go on from.", (_N, _D, _V, _C)),
    # Brown et al. 2020.
    "few-shot prompt": ("A prompt that shows a few solved examples before the case to solve.", (_V,)),
    "chat template": (
        "The rule that turns a conversation into one text for the model: who speaks is written with special tokens.",
        (_V, _C),
    ),
    "ChatML": (
        "A chat format that writes every turn as <|im_start|>role, the text, and <|im_end|>. Qwen and SmolLM2 use it.",
        (_V, _C),
    ),
    "system prompt": ("Instructions at the beginning of a conversation, before the user's first message.", (_C,)),
    "prefill": ("The beginning of a reply that somebody writes for the model; it goes on from there.", (_V, _C)),
    "prompt injection": (
        "Text inside the data a model reads that pretends to be an instruction, or a turn of the conversation.",
        (_C,),
    ),
    "context window": ("The tokens a model has before it right now; what does not fit has to be left out.", (_C,)),
    # Good 1952.
    "log score": (
        "A fair score for a forecast: the surprise, in bits, of what happened under your probabilities. Low is good; "
        "being sure and wrong costs most.",
        (_K,),
    ),
    # Brier 1950; Gneiting and Raftery 2007.
    "Brier score": (
        "The sum, over all options, of the squared difference between the probability given and what happened, 1 or "
        "0. 0 is perfect, 2 the worst.",
        (_K,),
    ),
    "proper scoring rule": (
        "A score for forecasts with which nobody does better, on average, than by saying what they really believe. The "
        "log score and the Brier score are two.",
        (_K,),
    ),
    "calibration": ("Whether things that were given a 70% chance happen seven times out of ten.", (_K,)),
}

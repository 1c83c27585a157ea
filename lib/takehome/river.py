"""Home as a notebook: a text, and at each of its places the likeliest tokens that could have stood there instead."""

from collections.abc import Sequence

from lib.takehome.notebook_file import code_cell, markdown_cell, notebook
from lib.takehome.parts import Prompt, Source, ids_cell, opening, setup

Place = Sequence[tuple[int, float]]  # (id, probability at the page's temperature), likeliest first


def river_notebook(
    source: Source, prompt: Prompt, path: Sequence[int], temperature: float, places: Sequence[Place]
) -> str:
    """`path`: tokens taken after the prompt. `places`: of every token of the text, what may follow it."""
    rows = "".join(f"    {[(token, round(p, 9)) for token, p in place]!r},\n" for place in places)
    about = (
        "A text, and the roads not taken: after each of its tokens the model gives every token of its vocabulary a "
        "probability. The likeliest few are the branches of the picture on Home."
    )
    return notebook(
        [
            opening("The river of roads not taken", "Home", about),
            *setup(source),
            *ids_cell(prompt, added=path, why_added="the branches taken, and what was written after them"),
            markdown_cell(
                "## What could have followed, at every place\n\nOne pass gives the scores (logits) after every token. "
                "They are divided by the temperature before softmax makes probabilities of them: below 1 the likely "
                "becomes likelier."
            ),
            code_cell(
                f"TEMPERATURE = {temperature!r}\n"
                "with torch.inference_mode():\n"
                "    logits = model(torch.tensor([ids])).logits[0].double()  # (tokens, vocabulary)\n"
                "probs = torch.softmax(logits / TEMPERATURE, dim=-1)\n"
                "best = probs.topk(6, dim=-1)\n"
                "for place, i in enumerate(ids):\n"
                "    row = [(tokenizer.decode([j]), round(p, 4)) for j, p in "
                "zip(best.indices[place].tolist(), best.values[place].tolist())]\n"
                '    print(f"after {tokenizer.decode([i])!r}: {row}")'
            ),
            markdown_cell(
                "## Beside the page\n\nThe same tokens as Home shows them: (id, probability) at the same temperature."
            ),
            code_cell(
                f"page = [\n{rows}]\n"
                "difference = max(abs(probs[place, i].item() - p) "
                "for place, row in enumerate(page) for i, p in row)\n"
                'print(f"largest difference between here and the page: {difference:.1e}")'
            ),
            markdown_cell("## The picture\n\nThe darker a token, the likelier it was in its place."),
            code_cell(
                "labels = [[repr(tokenizer.decode([j])).replace('<', '&lt;') for j in row] "
                "for row in best.indices.T.tolist()]  # Plotly reads < as a tag\n"
                "fig = go.Figure(go.Heatmap(\n"
                "    z=best.values.T.tolist(), zmin=0, zmax=1, colorscale='Purples', text=labels, "
                "texttemplate='%{text}'\n"
                "))\n"
                "after = [repr(tokenizer.decode([i])).replace('<', '&lt;') for i in ids]\n"
                "fig.update_xaxes(tickvals=list(range(len(ids))), ticktext=after, title='after this token')\n"
                "fig.update_yaxes(autorange='reversed', dtick=1, title='0 is the likeliest')\n"
                "fig.update_layout(title='The likeliest next tokens at every place', width=max(700, 90 * len(ids)))\n"
                "fig.show()"
            ),
        ]
    )

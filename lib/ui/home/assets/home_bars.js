// Step 3: the likeliest next tokens as bars; a click on one continues the text with it.
export default function ({ data, parentElement, setTriggerValue }) {
  const box = parentElement.querySelector(".bars");
  box.classList.remove("waiting");
  const rows = data.bars.map((bar) => {
    const pickable = bar.id !== null;
    const row = make(pickable ? "button" : "div", pickable ? "bar" : "bar rest");
    const track = make("span", "track");
    const fill = make("div", "fill");
    fill.style.width = 100 * bar.prob + "%";
    track.append(fill);
    row.append(make("span", "name", bar.label), track, make("span", "value", bar.percent));
    row.title = bar.tip;
    if (pickable) {
      row.type = "button";
      row.setAttribute("aria-label", `${bar.label}, ${bar.percent}: continue with it`);
      row.onclick = () => {
        for (const other of box.querySelectorAll("button")) other.disabled = true;
        box.classList.add("waiting");
        setTriggerValue("pick", { id: bar.id, at: data.at });
      };
    }
    return row;
  });
  box.replaceChildren(...rows);
  parentElement.querySelector(".title").textContent = data.title;
  parentElement.querySelector(".note").textContent = data.note;
}

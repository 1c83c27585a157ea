// What two tabs of one browser know, together: steps and answers of both; an answer of which the right one is known stays.
export function merged(kept, now, most) {
  try {
    const [before, after] = [kept, now].map((text) => JSON.parse(text));
    if (before.version !== after.version) return now;
    const answers = { ...before.answers };
    for (const [key, answer] of Object.entries(after.answers)) if (!answers[key]?.right) answers[key] = answer;
    const done = [...new Set([...before.done, ...after.done])].sort();
    const both = JSON.stringify({ ...after, done, answers });
    return both.length > most ? now : both;
  } catch (error) { // nothing was kept, or something damaged
    return now;
  }
}

let told = ""; // the session that knows what was here before it; what it has stored itself is no news to it

export default function ({ data, setStateValue }) {
  const name = "llm-playground-progress";
  try {
    const kept = window.localStorage.getItem(name) || "";
    const news = data.restore && told !== data.session;
    told = data.session;
    if (news && kept) setStateValue("found", kept);
    else if (data.text) window.localStorage.setItem(name, merged(kept, data.text, data.most));
    else if (kept && !data.restore) window.localStorage.removeItem(name);
  } catch (error) {} // a browser that keeps nothing: the session still does
}

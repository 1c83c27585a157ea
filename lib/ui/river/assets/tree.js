// The tree as Python sends it (lib/figures/river.py), and the probabilities of its roads at the dial's temperature.

function floats(text) {
  return new Float32Array(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer);
}

function treeOf(data) {
  const nodes = data.id.map((id, n) => ({
    n, id, label: data.label[n], parent: data.parent[n], depth: data.depth[n], weight: data.weight[n],
    kind: data.node[n], owners: data.owners[n], best: data.best[n], logprob: data.logprob[n], children: [],
  }));
  const roots = [];
  for (const node of nodes) (node.parent < 0 ? roots : nodes[node.parent].children).push(node);
  const tree = { kind: data.kind, nodes, roots, names: data.names, depth: 1 + Math.max(-1, ...data.depth) };
  if (data.behind) {
    const steps = data.temperatures.length;
    Object.assign(tree, { temperatures: data.temperatures, steps, behind: floats(data.behind), spread: floats(data.spread) });
    tree.trunk = nodes.filter((node) => node.kind === "taken");
  }
  return tree;
}

// The probability of a node after all that stands before it, at step `step` of the dial: exact, over the whole vocabulary.
function chance(tree, node, step) {
  return Math.exp(-tree.behind[node.n] / tree.temperatures[step] - tree.spread[(node.depth - 1) * tree.steps + step]);
}

function stepOf(tree, temperature) {
  let best = 0;
  tree.temperatures.forEach((one, step) => {
    if (Math.abs(one - temperature) < Math.abs(tree.temperatures[best] - temperature)) best = step;
  });
  return best;
}

// Words for people: what a token is called in a sentence, and a share in whole or tenth percents.
function said(label) {
  return `“${label.replace(/␣/g, " ")}”`;
}

function share(p) {
  return p >= 0.995 ? percent(p) : p >= 0.0995 ? `${Math.round(100 * p)}%` : p >= 0.001 ? `${(100 * p).toFixed(1)}%` : "<0.1%";
}

function make(tag, name, text) { // an element; what a person or a model wrote enters a page through textContent alone
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

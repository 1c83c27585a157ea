// Streamlit's tabs scroll their open tab into view when another one is open than before, and with it the whole page: who
// ran Decoding on a phone was taken away from the texts a second later, as tabs came below them. Here only the row of
// tabs moves. A script of the page and not of the shell, because it must be there before the first tabs are.
(() => {
  const scroll = Element.prototype.scrollIntoView;
  if (scroll.inTheRowAlone) return;
  const patched = function (how) {
    if (!this.matches("[data-testid=stTabs] [role=tab]")) return scroll.call(this, how);
    for (let row = this.parentElement; !row.matches("[data-testid=stTabs]"); row = row.parentElement) {
      if (row.scrollWidth <= row.clientWidth) continue;
      const [tab, room] = [this.getBoundingClientRect(), row.getBoundingClientRect()];
      if (tab.left < room.left) row.scrollLeft += tab.left - room.left;
      else if (tab.right > room.right) row.scrollLeft += tab.right - room.right;
    }
  };
  patched.inTheRowAlone = true;
  Element.prototype.scrollIntoView = patched;
})();

// Numbers for people, as lib/text_format.py writes them.
function percent(share) {
  if (share === null || share === undefined) return "–";
  if (share === 0) return "0%";
  if (share >= 0.99995) return share >= 1 ? "100%" : ">99.99%";
  if (share < 1e-6) return "<0.0001%";
  return (100 * share).toFixed(share >= 0.9995 ? 2 : share >= 0.09995 ? 1 : share >= 0.009995 ? 2 : share >= 9.95e-5 ? 3 : 4) + "%";
}

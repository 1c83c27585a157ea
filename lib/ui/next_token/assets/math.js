// The arithmetic of lib/engine/sampling.py in the browser, on logits that are sorted: likeliest first.
// Temperature never changes that order and every filter keeps a beginning of it, so a filter is a length.
// Tested in Chromium to equal the Python (tests/e2e/test_next_token_math.py).

// sorted: Float32Array (V,), descending. knobs: {t, k, p, m}, k null for off.
// Gives back e (unnormalised), and for the four stages how many tokens are left (n) and their sum (z):
// the probability of rank i after stage s is i < n[s] ? e[i] / z[s] : 0.
export function reshape(sorted, knobs, e = new Float64Array(sorted.length)) {
  const size = sorted.length;
  let finite = size;
  while (finite > 1 && sorted[finite - 1] === -Infinity) finite--;
  if (knobs.t === 0) {
    e.fill(0);
    e[0] = 1;
    return { e, n: [1, 1, 1, 1], z: [1, 1, 1, 1], entropy: 0 };
  }
  const top = sorted[0] / knobs.t;
  for (let i = 0; i < finite; i++) e[i] = Math.exp(sorted[i] / knobs.t - top);
  e.fill(0, finite);
  const n = [finite], z = [sum(e, finite)];
  n.push(topK(sorted, knobs.k, finite));
  z.push(n[1] === n[0] ? z[0] : sum(e, n[1]));
  n.push(topP(e, z[1], knobs.p, n[1]));
  z.push(n[2] === n[1] ? z[1] : sum(e, n[2]));
  n.push(minP(e, z[2], knobs.m, n[2]));
  z.push(n[3] === n[2] ? z[2] : sum(e, n[3]));
  return { e, n, z, entropy: entropy(sorted, e, knobs.t, n[3], z[3]) };
}

function sum(e, length) {
  let total = 0;
  for (let i = length - 1; i >= 0; i--) total += e[i]; // small numbers first
  return total;
}

function topK(sorted, k, left) {
  if (k === null || k >= sorted.length) return left;
  let end = Math.min(k, left);
  while (end < left && sorted[end] === sorted[k - 1]) end++; // ties with the k-th stay
  return end;
}

function topP(e, z, p, left) {
  if (p >= 1) return left;
  let dropped = 0, end = left;
  while (end > 1) { // the likeliest always stays
    dropped += e[end - 1] / z;
    if (dropped > 1 - p) break;
    end--;
  }
  return end;
}

function minP(e, z, m, left) {
  let end = left;
  while (end > 1 && e[end - 1] / z < m * (e[0] / z)) end--;
  return end;
}

function entropy(sorted, e, t, left, z) {
  let mean = 0; // -sum p ln p = ln z - mean of (l/T - top)
  for (let i = left - 1; i >= 0; i--) if (e[i] > 0) mean += (e[i] / z) * ((sorted[i] - sorted[0]) / t);
  return Math.max(0, Math.log(z) - mean);
}

// Ranks drawn by inverting the cumulative sum of the last stage; u: Float64Array of numbers in [0, 1).
// Gives back how often each rank below `top` came out; the last entry counts all others.
export function draw(shaped, u, count, top, cumulative = new Float64Array(shaped.e.length)) {
  const left = shaped.n[3], counts = new Uint32Array(top + 1);
  let total = 0;
  for (let i = 0; i < left; i++) cumulative[i] = total += shaped.e[i];
  for (let d = 0; d < count; d++) {
    const target = u[d] * total;
    let low = 0, high = left - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] > target) high = middle; else low = middle + 1;
    }
    counts[Math.min(low, top)]++;
  }
  return counts;
}

// The bytes that Python sent: u32 length of a JSON header, the header, then at multiples of eight the float32
// logits (sorted) and the float64 random numbers.
export function unpack(bytes) {
  const copy = bytes.slice(); // aligned
  const length = new DataView(copy.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(copy.subarray(4, 4 + length)));
  const at = eight(4 + length), after = eight(at + 4 * header.size);
  return { header, logits: new Float32Array(copy.buffer, at, header.size),
           u: new Float64Array(copy.buffer, after, header.draws) };
}

function eight(offset) {
  return (offset + 7) & ~7;
}

// Slider positions 0..1000 to a count of tokens and back: equal steps multiply it; the right end is "off" (null).
export function toK(position, size) {
  return position >= 1000 ? null : Math.min(size, Math.max(1, Math.round(size ** (position / 1000))));
}
export function fromK(k, size) {
  return k === null || k >= size ? 1000 : Math.min(999, Math.round((1000 * Math.log(k)) / Math.log(Math.max(2, size))));
}

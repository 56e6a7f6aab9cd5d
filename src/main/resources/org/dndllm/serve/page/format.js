// Numbers and sizes as people read them.

export const milliseconds = (ms) => (ms < 1000 ? `${ms.toFixed(ms < 10 ? 2 : 1)} ms` : `${(ms / 1000).toFixed(2)} s`);

/** Three significant digits; very small and very large ones in powers of ten. */
export function short(value) {
  if (!Number.isFinite(value)) return '?';
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 100000) ? value.toExponential(2) : String(Number(value.toPrecision(3)));
}

/** As many decimals for every number of a table. */
export const even = (value) => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

export const whole = (value) => value.toLocaleString('en-GB');

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  const [unit, size] = count < 1024 ** 2 ? ['KiB', 1024] : count < 1024 ** 3 ? ['MiB', 1024 ** 2] : ['GiB', 1024 ** 3];
  return `${(count / size).toFixed(1)} ${unit}`;
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

export const plural = (count, one, many = `${one}s`) => `${whole(count)} ${count === 1 ? one : many}`;

/** "q_proj" is "q" where space is short. */
export const moduleName = (name) => name.replace(/_proj$/, '');

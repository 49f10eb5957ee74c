/**
 * How numbers, times and ids are written: short in a table, exact on hover.
 */
import type { Scalar } from '../api';

const UNITS: [number, Intl.RelativeTimeFormatUnit][] = [
  [365 * 86400, 'year'],
  [30 * 86400, 'month'],
  [86400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second']
];

// To make a format takes a tenth of a millisecond, twenty times what using it does.
const relative = new Map<string, Intl.RelativeTimeFormat>();
const moments = new Map<string, Intl.DateTimeFormat>();

/** A value as a table shows it: numbers to four significant digits, whole numbers in full, nothing for `null`. */
export function number(value: Scalar | undefined): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value !== 'number') {
    return String(value);
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e15) {
    return String(value);
  }
  return significant(value, 4);
}

/** A value in full, for a title. */
export function exact(value: Scalar | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}

/** Whether a value stands to the right of its column: numbers, and the texts that stand for NaN and the infinities. */
export function isNumeric(value: Scalar | undefined): boolean {
  return typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity';
}

/** A difference with its sign: `+0.0069`; `=` when there is none. */
export function change(difference: number): string {
  if (difference === 0) {
    return '=';
  }
  return (difference > 0 ? '+' : '\u2212') + significant(Math.abs(difference), 3);
}

/** A number of seconds: `35 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`; nothing for `null`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) {
    return '';
  }
  if (seconds < 1) {
    return `${Math.round(seconds * 1000)} ms`;
  }
  if (seconds < 60) {
    return `${seconds.toFixed(1)} s`;
  }
  const minutes = Math.floor(Math.round(seconds) / 60);
  return minutes < 60 ? `${minutes} min ${Math.round(seconds) % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How long ago a moment (seconds since the epoch) was, in the reader's language: `5 min. ago`, `yesterday`. */
export function ago(moment: number, now = Date.now() / 1000, locale?: string): string {
  const key = locale ?? '';
  let format = relative.get(key);
  if (!format) {
    format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' });
    relative.set(key, format);
  }
  const passed = Math.max(now - moment, 0);
  const [size, unit] = UNITS.find(([seconds]) => passed >= seconds) ?? [1, 'second'];
  return format.format(-Math.floor(passed / size), unit);
}

/** A moment (seconds since the epoch) as local date and time to the second. */
export function when(moment: number, locale?: string): string {
  const date = new Date(moment * 1000);
  const key = locale ?? '';
  let format = moments.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
    moments.set(key, format);
  }
  return Number.isNaN(date.getTime()) ? String(date) : format.format(date);
}

/** The first digits of an id, which are accepted wherever an id is. */
export function short(id: string | null | undefined): string {
  return (id ?? '').slice(0, 8);
}

/** A number of bytes in binary units: `812 B`, `1.4 KiB`. */
export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) {
    return '';
  }
  let size = count;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (size < 1024) {
      return unit === 'B' || size >= 100 ? `${Math.round(size)} ${unit}` : `${size.toFixed(1)} ${unit}`;
    }
    size /= 1024;
  }
  return `${size.toFixed(1)} TiB`;
}

/** A whole number with the reader's separators: `100,000`. */
export function count(value: number, locale?: string): string {
  return value.toLocaleString(locale);
}

function significant(value: number, digits: number): string {
  const text = value.toPrecision(digits);
  const [mantissa, exponent] = text.split('e');
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  if (!exponent && value !== 0 && Math.abs(value) < 1e-3) {
    return value.toExponential(digits - 1).replace(/\.?0+e/, 'e');
  }
  return exponent ? `${trimmed}e${exponent.replace('+', '')}` : trimmed;
}

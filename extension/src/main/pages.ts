/** Lists that come in pages. */
import type { IPage } from '../api';

/** What of a list was read, and how long it is. */
export interface IPart<T> {
  items: T[];
  total: number;
}

/** The first pages of a list, `least` items of it, and as many more as it takes to meet the one that is `wanted`. */
export async function upTo<T>(
  page: (offset: number) => Promise<IPage<T>>,
  least: number,
  wanted?: (item: T) => boolean
): Promise<IPart<T>> {
  const items: T[] = [];
  let isMet = !wanted;
  for (;;) {
    const { items: more, total } = await page(items.length);
    items.push(...more);
    isMet = isMet || more.some(item => wanted?.(item));
    if (more.length === 0 || items.length >= total || (isMet && items.length >= least)) {
      return { items, total: Math.max(total, items.length) };
    }
  }
}

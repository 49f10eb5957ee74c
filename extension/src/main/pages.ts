/** Lists that come in pages. */
import type { IPage } from '../api';

/** All pages of a list, as far as anybody would look through them. */
export async function allPages<T>(page: (offset: number) => Promise<IPage<T>>, most = 1000): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const { items, total } = await page(found.length);
    found.push(...items);
    if (items.length === 0 || found.length >= Math.min(total, most)) {
      return found;
    }
  }
}

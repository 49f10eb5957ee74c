/** The menus of a table's buttons: JupyterLab's own kind, so that they look and read like all others. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import { CommandIDs } from './ids';

export const MORE: Menu.IItemOptions[] = [
  { command: CommandIDs.untracked },
  { command: CommandIDs.wrap },
  { type: 'separator' },
  { command: CommandIDs.openLedger },
  { command: CommandIDs.registry },
  { command: CommandIDs.sweeps },
  { command: CommandIDs.pipelines },
  { type: 'separator' },
  { command: CommandIDs.settings }
];

export function SAVED(
  filters: { name: string; filter: string }[],
  current: string,
  trans: TranslationBundle
): (Menu.IItemOptions | { label: string; items: Menu.IItemOptions[] })[] {
  const isSaved = filters.some(({ filter }) => filter === current);
  return [
    ...filters.map(args => ({ command: CommandIDs.applyFilter, args })),
    ...(filters.length > 0 ? [{ type: 'separator' as const }] : []),
    ...(current && !isSaved ? [{ command: CommandIDs.saveFilter }] : []),
    ...(filters.length > 0
      ? [
          {
            label: trans.__('Remove a Saved Filter'),
            items: filters.map(({ name }) => ({ command: CommandIDs.removeFilter, args: { name } }))
          }
        ]
      : []),
    ...(filters.length === 0 && !current ? [{ command: CommandIDs.saveFilter }] : [])
  ];
}

type Item = Menu.IItemOptions | { label: string; items: Menu.IItemOptions[] };

/** Open a menu below an element; the focus goes back there. */
export function openMenu(commands: CommandRegistry, anchor: HTMLElement, items: Item[]): void {
  const menu = new Menu({ commands });
  for (const item of items) {
    if ('items' in item) {
      const submenu = new Menu({ commands });
      submenu.title.label = item.label;
      item.items.forEach(inner => submenu.addItem(inner));
      menu.addItem({ type: 'submenu', submenu });
    } else {
      menu.addItem(item);
    }
  }
  menu.aboutToClose.connect(() => {
    anchor.focus({ preventScroll: true });
    setTimeout(() => menu.dispose());
  });
  const { right, left, bottom } = anchor.getBoundingClientRect();
  menu.open(left, bottom + 2, { horizontalAlignment: 'left' });
  if (menu.node.getBoundingClientRect().right > window.innerWidth) {
    menu.node.style.left = `${right - menu.node.offsetWidth}px`;
  }
}

/** Lists of the main area: a page at first, more when one asks for it, and never cut without a word. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IPage } from '../api';
import { count } from '../common/format';
import type { IAnswer } from '../common/hooks';
import type { IViewProps } from './context';
import { useLive } from './hooks';
import { type IPart, upTo } from './pages';
import { Action, Head, Loaded, Nothing } from './parts';

/** A list as far as it was asked for; `more` asks for a page more of `step` items. */
export interface IList<T> extends IAnswer<IPart<T>> {
  step: number;
  more(): void;
  /** Whether the items are those that `needs` ask for now, and not still those from before. */
  isCurrent: boolean;
}

/** A list that follows the ledger. With `wanted` it is read as far as the item that is shown. */
export function useList<T>(
  props: IViewProps,
  page: (offset: number, limit: number) => Promise<IPage<T>>,
  step: number,
  needs: readonly unknown[],
  wanted?: (item: T) => boolean
): IList<T> {
  const [least, setLeast] = React.useState(step);
  const of = JSON.stringify(needs);
  const ask = async () => ({ ...(await upTo(offset => page(offset, step), least, wanted)), of });
  const answer = useLive(props, ask, [least, of]);
  const read = answer.value?.items.length ?? 0;
  const more = () => setLeast(Math.max(least, read) + step);
  return { ...answer, step, more, isCurrent: answer.value?.of === of };
}

/** Below a list that is longer than what is shown: how much that is, and a way to more. */
export function Rest(props: { shown: number; total: number; step: number; more(): void; trans: TranslationBundle }): JSX.Element | null {
  const { shown, total, step, more, trans } = props;
  if (shown >= total) {
    return null;
  }
  return (
    <div className="jp-nbledger-main-rest">
      <span className="jp-nbledger-main-note" role="status">
        {trans.__('The first %1 of %2.', count(shown), count(total))}
      </span>
      <Action label={trans.__('Show %1 more', count(Math.min(step, total - shown)))} onClick={more} />
    </div>
  );
}

/** What the server left out of an answer, in its words; nothing where it left out nothing. */
export function Cut(props: { words: string; trans: TranslationBundle }): JSX.Element | null {
  const { words, trans } = props;
  return words ? (
    <p className="jp-nbledger-main-note" role="note">
      {trans.__('Shown here: %1. The ledger has all: nbledger show, nbledger sql.', words)}
    </p>
  ) : null;
}

/**
 * A list to choose from beside what is chosen; where it is empty, a line that says how to get one. What was asked for and is
 * not there (any more) is named above what is shown in its place.
 */
export function Chooser<T>(props: {
  list: IList<T>;
  trans: TranslationBundle;
  /** What the list is of. */
  label: string;
  /** How many there are, in words. */
  counted(total: number): string;
  /** What stands there when there is none. */
  none: string;
  idOf(item: T): string;
  chosen: string | undefined;
  /** What one calls an item that is not there. */
  called(id: string): string;
  choose(id: string): void;
  /** An item in the list: its name, and what stands below it. */
  row(item: T): { name: string; facts: React.ReactNode };
  children(item: T): React.ReactNode;
}): JSX.Element {
  const { list, trans, label, idOf, chosen } = props;
  return (
    <Loaded answer={list} trans={trans}>
      {({ items, total }) => {
        const found = items.find(item => idOf(item) === chosen);
        const missing = chosen !== undefined && !found && list.isCurrent ? props.called(chosen) : '';
        if (items.length === 0) {
          return (
            <>
              <Head title={label} />
              <Missing words={missing && trans.__('%1 is not in this ledger.', missing)} />
              <Nothing>{props.none}</Nothing>
            </>
          );
        }
        const shown = found ?? items[0];
        return (
          <div className="jp-nbledger-main-split">
            <nav className="jp-nbledger-main-models" aria-label={label}>
              <h3>{props.counted(total)}</h3>
              <ul>
                {items.map(item => {
                  const { name, facts } = props.row(item);
                  return (
                    <li key={idOf(item)}>
                      <button
                        type="button"
                        className="jp-nbledger-main-model"
                        aria-current={item === shown ? 'true' : undefined}
                        onClick={() => props.choose(idOf(item))}
                      >
                        <span className="jp-nbledger-main-model-name">{name}</span>
                        {facts}
                      </button>
                    </li>
                  );
                })}
              </ul>
              <Rest shown={items.length} total={total} step={list.step} more={list.more} trans={trans} />
            </nav>
            <div className="jp-nbledger-main-split-body">
              <Missing words={missing && trans.__('%1 is not in this ledger; showing %2.', missing, props.row(shown).name)} />
              {props.children(shown)}
            </div>
          </div>
        );
      }}
    </Loaded>
  );
}

function Missing({ words }: { words: string }): JSX.Element | null {
  return words ? (
    <p className="jp-nbledger-main-note" role="status">
      {words}
    </p>
  ) : null;
}

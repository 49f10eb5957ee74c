/**
 * The table of runs: a real table and an ARIA grid, of which only the rows in sight are in the page.
 *
 * The table holds the focus and names the active row (`aria-activedescendant`), so that the focus is never lost when
 * that row scrolls away. Arrows, Page Up and Down, Home and End move; Space selects; Shift extends; Enter opens.
 */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRun } from '../api';
import { VirtualBody, useVirtual } from '../common/virtual';
import { CHECK_WIDTH, NAME_WIDTH, NARROWEST } from './columns';
import type { IColumn, IOrder } from './columns';
import { Head, fitting, widthOf } from './header';
import type { IListChange, RunList } from './list';
import type { RunsModel } from './model';
import { Cutter } from './middle';
import { Row, nameOf } from './row';

const ROW = 24;
const WRAPPED_ROW = 40;
const HEADER = 26;
/** Pixels of the name's cell that its text does not have: padding and the sign of the status. */
const BESIDE_NAME = 32;
/** A range is selected over loaded rows only, and over at most so many. */
const LONGEST_RANGE = 500;

export interface ITableProps {
  model: RunsModel;
  columns: IColumn[];
  trans: TranslationBundle;
  onOpen: (run: IRun) => void;
  /** The width of the view, for choosing columns. */
  onWidth: (width: number) => void;
}

let tables = 0;

export function RunTable(props: ITableProps): React.ReactElement {
  const { model, columns, trans, onOpen, onWidth } = props;
  const { list, state } = model;
  const total = list.total ?? 0;
  const virtual = useVirtual(total, state.wrap ? WRAPPED_ROW : ROW, HEADER);
  const [active, setActive] = React.useState(0);
  const anchor = React.useRef(0);
  const [width, setWidth] = React.useState(0);
  const now = useNow(hasRunning(list, virtual.start, virtual.end) ? 1000 : 20_000);
  const [prefix] = React.useState(() => `jp-nbledger-runs-${++tables}`);
  const selected = React.useMemo(() => new Set(state.selected), [state.selected]);

  const { isPassing } = virtual;
  React.useEffect(() => {
    if (!isPassing) {
      list.need(virtual.start, virtual.end);
    }
  }, [list, virtual.start, virtual.end, total, isPassing]);

  // After a change of the ledger the rows in sight stay where they are, and the active row stays the same run.
  const latest = React.useRef(virtual);
  latest.current = virtual;
  React.useEffect(() => {
    const onChange = (_: RunList, { shift, reset }: IListChange): void => {
      if (reset) {
        latest.current.goTo(0);
        setActive(0);
        anchor.current = 0;
      } else if (shift > 0) {
        if (latest.current.top() > 0) {
          latest.current.goTo(latest.current.top() + shift);
        }
        setActive(row => row + shift);
        anchor.current += shift;
      }
    };
    list.changed.connect(onChange);
    return () => void list.changed.disconnect(onChange);
  }, [list]);

  React.useLayoutEffect(() => {
    const element = virtual.ref.current;
    if (!element) {
      return;
    }
    const measure = (): void => {
      setWidth(element.clientWidth);
      onWidth(element.clientWidth);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [onWidth]);

  const others = columns.reduce((sum, column) => sum + widthOf(column, state.widths), CHECK_WIDTH);
  const nameWidth = Math.max(state.widths.name ?? NAME_WIDTH, width - others);
  const isWide = nameWidth + others > width;
  // Two lines hold a little less than twice one line: a line may break early.
  const nameRoom = (nameWidth - BESIDE_NAME) * (state.wrap ? 1.8 : 1);
  const cutter = React.useMemo(() => new Cutter(fontOf(virtual.ref.current)), [width > 0]);

  const range = (from: number, to: number): string[] => {
    const ids: string[] = [];
    for (let row = Math.min(from, to); row <= Math.max(from, to) && ids.length < LONGEST_RANGE; row++) {
      const run = list.run(row);
      if (run) {
        ids.push(run.id);
      }
    }
    return ids;
  };
  const go = (row: number, extend: boolean): void => {
    const next = Math.max(0, Math.min(total - 1, row));
    setActive(next);
    virtual.reveal(next);
    if (extend) {
      model.select(range(anchor.current, next));
    } else {
      anchor.current = next;
    }
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.altKey) {
      return;
    }
    const isAccel = event.ctrlKey || event.metaKey;
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + virtual.page,
      PageUp: active - virtual.page,
      Home: 0,
      End: total - 1
    };
    const run = list.run(active);
    if (event.key in moves && (!isAccel || event.key === 'Home' || event.key === 'End')) {
      go(moves[event.key], event.shiftKey);
    } else if (event.key === ' ' && run) {
      model.toggle(run.id);
      anchor.current = active;
    } else if (event.key === 'Enter' && run && !isAccel) {
      onOpen(run);
    } else if (event.key === 'a' && isAccel) {
      model.select(range(0, total - 1));
    } else if (event.key === 'Escape' && state.selected.length > 0) {
      model.select([]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const onClick = (event: React.MouseEvent): void => {
    const row = rowOf(event);
    const run = row === null ? undefined : list.run(row);
    if (row === null || !run) {
      return;
    }
    const isCheck = (event.target as HTMLElement).closest('.jp-nbledger-Runs-check') !== null;
    setActive(row);
    (event.currentTarget as HTMLElement).closest('table')?.focus({ preventScroll: true });
    if (event.shiftKey) {
      model.select(range(anchor.current, row));
      return;
    }
    anchor.current = row;
    if (isCheck || event.ctrlKey || event.metaKey) {
      model.toggle(run.id);
    } else {
      model.select([run.id]);
    }
  };

  const onDoubleClick = (event: React.MouseEvent): void => {
    const row = rowOf(event);
    const run = row === null ? undefined : list.run(row);
    if (run && (event.target as HTMLElement).closest('.jp-nbledger-Runs-check') === null) {
      onOpen(run);
    }
  };

  const { ref } = virtual;
  const onResize = React.useCallback(
    (key: string, size: number | null): void => {
      const { widths } = model.state;
      const fits = size === null ? fitting(ref.current, key, widths[key] ?? NAME_WIDTH) : Math.max(NARROWEST, Math.round(size));
      model.update({ widths: { ...widths, [key]: fits } });
    },
    [model, ref]
  );
  const onOrder = React.useCallback((order: IOrder | null) => model.update({ order }), [model]);

  return (
    <div className="jp-nbledger-Runs-scroller" ref={virtual.ref} onScroll={virtual.onScroll}>
      <table
        role="grid"
        className={`jp-nbledger-Runs-table${list.isOld ? ' jp-mod-old' : ''}${state.wrap ? ' jp-mod-wrapped' : ''}${isWide ? ' jp-mod-wide' : ''}`}
        style={{ width: nameWidth + others }}
        tabIndex={0}
        aria-label={trans.__('Runs')}
        aria-rowcount={total + 1}
        aria-colcount={columns.length + 2}
        aria-multiselectable="true"
        aria-busy={list.isOld}
        aria-activedescendant={active >= virtual.start && active < virtual.end ? `${prefix}-${active}` : undefined}
        onKeyDown={onKeyDown}
      >
        <Head
          trans={trans}
          columns={columns}
          widths={state.widths}
          nameWidth={nameWidth}
          order={state.order}
          onOrder={onOrder}
          onResize={onResize}
        />
        <VirtualBody
          virtual={virtual}
          columns={columns.length + 2}
          onClick={onClick}
          onDoubleClick={onDoubleClick}
          row={index => {
            const run = isPassing ? undefined : list.run(index);
            return (
              <Row
                key={virtual.key(index)}
                id={`${prefix}-${index}`}
                index={index}
                run={run}
                columns={columns}
                isSelected={run !== undefined && selected.has(run.id)}
                isActive={index === active}
                name={run ? cutter.cut(nameOf(run), nameRoom) : ''}
                now={now}
                trans={trans}
              />
            );
          }}
        />
      </table>
    </div>
  );
}

function fontOf(element: HTMLElement | null): string {
  const style = element && getComputedStyle(element);
  return style ? `${style.fontSize} ${style.fontFamily}` : '13px sans-serif';
}

function rowOf(event: React.MouseEvent): number | null {
  const row = (event.target as HTMLElement).closest<HTMLElement>('tr[data-row]')?.dataset.row;
  return row === undefined ? null : Number(row);
}

function hasRunning(list: RunList, start: number, end: number): boolean {
  for (let row = start; row < end; row++) {
    if (list.run(row)?.status === 'running') {
      return true;
    }
  }
  return false;
}

function useNow(every: number): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState !== 'hidden') {
        setNow(Date.now() / 1000);
      }
    }, every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

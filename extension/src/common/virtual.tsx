/**
 * Rows of one height of which only those in sight are drawn.
 *
 * `useVirtual` says which rows those are and how much room the others take, so that a real `<table>` stays one: a row
 * before and a row after hold the room. The window moves in steps of several rows, so that most frames of a scroll draw
 * nothing at all.
 */
import * as React from 'react';

const SCROLLING = 'jp-nbledger-mod-scrolling';
/** Milliseconds after which a scroll has ended. */
const STILL = 120;
/** Rows by which the window moves. */
const STEP = 8;
/** Browsers end an element at about 17 million (Firefox) to 33 million pixels; longer lists are scaled down to this. */
const TALLEST = 15_000_000;

export interface IVirtual {
  /** For the element that scrolls. */
  ref: React.RefObject<HTMLDivElement>;
  onScroll: () => void;
  /** The first row to draw, and the one after the last. */
  start: number;
  end: number;
  /** Room before and after, in pixels. */
  before: number;
  after: number;
  /** Rows that fit into the view. */
  page: number;
  /** Scroll as little as shows a row. */
  reveal: (row: number) => void;
  /** The first row in sight, for keeping the place; and how to go back to it. */
  top: () => number;
  goTo: (row: number) => void;
}

/** The window over `count` rows of `rowHeight` pixels; `header` is the height of a sticky header in the same scroller. */
export function useVirtual(count: number, rowHeight: number, header = 0): IVirtual {
  const ref = React.useRef<HTMLDivElement>(null);
  const [view, setView] = React.useState({ first: 0, height: 600 });
  const scale = Math.max(1, (count * rowHeight) / TALLEST);

  const measure = React.useCallback(() => {
    const element = ref.current;
    if (element && element.clientHeight > 0) {
      const first = windowStart(element.scrollTop * scale, rowHeight);
      const height = element.clientHeight;
      setView(before => (before.first === first && before.height === height ? before : { first, height }));
    }
  }, [scale, rowHeight]);

  // While it scrolls the pointer finds no row, so that the browser need not look which row is below it in each frame.
  const timer = React.useRef<number>();
  const onScroll = React.useCallback(() => {
    ref.current?.classList.add(SCROLLING);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => ref.current?.classList.remove(SCROLLING), STILL);
    measure();
  }, [measure]);
  React.useEffect(() => () => window.clearTimeout(timer.current), []);

  React.useLayoutEffect(() => {
    measure();
    const element = ref.current;
    if (!element || typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [measure, count]);

  const { start, end } = windowOf(view.first, view.height, rowHeight, count);
  const page = Math.max(1, Math.floor((view.height - header) / rowHeight));
  const goTo = (row: number): void => {
    if (ref.current) {
      ref.current.scrollTop = (row * rowHeight) / scale;
    }
  };
  return {
    ref,
    onScroll,
    start,
    end,
    before: scale === 1 ? start * rowHeight : (start * rowHeight) / scale,
    after: Math.max(0, (count * rowHeight) / scale - (start * rowHeight) / scale - (end - start) * rowHeight),
    page,
    reveal: row => {
      const element = ref.current;
      if (!element) {
        return;
      }
      const top = (row * rowHeight) / scale;
      if (top < element.scrollTop) {
        element.scrollTop = top;
      } else if (top + rowHeight > element.scrollTop + element.clientHeight - header) {
        element.scrollTop = top + rowHeight - element.clientHeight + header;
      }
    },
    top: () => Math.floor(((ref.current?.scrollTop ?? 0) * scale) / rowHeight),
    goTo
  };
}

/** The row in the middle of whose step the scroll position lies. */
export function windowStart(scrollTop: number, rowHeight: number): number {
  return Math.floor(scrollTop / rowHeight / STEP) * STEP;
}

/** The rows to draw: those in sight and a step or more on either side. */
export function windowOf(first: number, height: number, rowHeight: number, count: number): { start: number; end: number } {
  const end = Math.min(count, first + Math.ceil(height / rowHeight) + 3 * STEP);
  return { start: Math.max(0, Math.min(first - 2 * STEP, end)), end };
}

/** The body of a table whose rows are virtual: `row(index)` draws one `<tr>`. */
export function VirtualBody(props: {
  virtual: IVirtual;
  columns: number;
  row: (index: number) => React.ReactElement;
  onClick?: (event: React.MouseEvent) => void;
  onDoubleClick?: (event: React.MouseEvent) => void;
}): React.ReactElement {
  const { virtual, columns, row, onClick, onDoubleClick } = props;
  const rows: React.ReactElement[] = [];
  for (let index = virtual.start; index < virtual.end; index++) {
    rows.push(row(index));
  }
  return (
    <tbody onClick={onClick} onDoubleClick={onDoubleClick}>
      {virtual.before > 0 && <Room height={virtual.before} columns={columns} />}
      {rows}
      {virtual.after > 0 && <Room height={virtual.after} columns={columns} />}
    </tbody>
  );
}

function Room(props: { height: number; columns: number }): React.ReactElement {
  return (
    <tr aria-hidden="true" style={{ height: props.height }}>
      <td colSpan={props.columns} style={{ padding: 0, border: 0 }} />
    </tr>
  );
}

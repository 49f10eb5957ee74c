/**
 * Rows of one height of which only those in sight are drawn.
 *
 * `useVirtual` says which rows those are and how much room the others take, so that a real `<table>` stays one: a row
 * before and a row after hold the room. The window moves in steps of several rows, so that most frames of a scroll draw
 * nothing at all.
 *
 * A row that stays in the window keeps its element (`key`); after a jump past the rows in sight the same elements show the
 * new ones, which costs less than making others. While rows fly past faster than anyone can read (`isPassing`), the caller
 * draws placeholders and reads nothing; the rows are drawn when the last such step is `FILLED` milliseconds ago.
 */
import * as React from 'react';

const SCROLLING = 'jp-nbledger-mod-scrolling';
/** Milliseconds after which a scroll has ended. */
const STILL = 120;
/** Heights of the view in a second from which on rows only fly past: a page for each repetition of a held key is slower. */
const PASSING = 40;
/** Milliseconds after which rows that flew past are drawn; and a step so long after the one before is a jump of its own. */
const FILLED = 80;
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
  /** The React key of a row. */
  key: (row: number) => number;
  /** Whether rows fly past: a placeholder will do. */
  isPassing: boolean;
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
  const [view, setView] = React.useState<IView>({ first: 0, height: 600, shift: 0, isPassing: false });
  const scale = Math.max(1, (count * rowHeight) / TALLEST);

  const measure = React.useCallback(
    (isPassing = false) => {
      const element = ref.current;
      if (element && element.clientHeight > 0) {
        const first = windowStart(element.scrollTop * scale, rowHeight);
        const height = element.clientHeight;
        setView(before => moved(before, first, height, rowHeight, isPassing || before.isPassing));
      }
    },
    [scale, rowHeight]
  );

  // While it scrolls the pointer finds no row, so that the browser need not look which row is below it in each frame.
  const timer = React.useRef<number>();
  const filling = React.useRef<number>();
  const last = React.useRef({ top: 0, at: 0 });
  const onScroll = React.useCallback(() => {
    const element = ref.current;
    if (!element) {
      return;
    }
    element.classList.add(SCROLLING);
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => ref.current?.classList.remove(SCROLLING), STILL);
    const step = { top: element.scrollTop, at: performance.now() };
    const isPassing = passes((step.top - last.current.top) * scale, step.at - last.current.at, element.clientHeight);
    last.current = step;
    if (isPassing) {
      window.clearTimeout(filling.current);
      filling.current = window.setTimeout(() => setView(before => ({ ...before, isPassing: false })), FILLED);
    }
    measure(isPassing);
  }, [measure, scale]);
  React.useEffect(
    () => () => {
      window.clearTimeout(timer.current);
      window.clearTimeout(filling.current);
    },
    []
  );

  React.useLayoutEffect(() => {
    measure();
    const element = ref.current;
    if (!element || typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(() => measure());
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
    key: row => row - view.shift,
    isPassing: view.isPassing,
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

interface IView {
  first: number;
  height: number;
  /** By how many rows the elements were moved to other rows. */
  shift: number;
  isPassing: boolean;
}

/** The view after a scroll: a jump of its own height or more takes the elements along. The same object when nothing changed. */
export function moved(before: IView, first: number, height: number, rowHeight: number, isPassing: boolean): IView {
  if (before.first === first && before.height === height && before.isPassing === isPassing) {
    return before;
  }
  const step = first - before.first;
  const isJump = Math.abs(step) * rowHeight >= height;
  return { first, height, shift: isJump ? before.shift + step : before.shift, isPassing };
}

/** Whether a step of so many pixels in so many milliseconds is one of a scroll that nobody can read along with. */
export function passes(pixels: number, milliseconds: number, height: number): boolean {
  return milliseconds < FILLED && Math.abs(pixels) * 1000 > PASSING * height * milliseconds;
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

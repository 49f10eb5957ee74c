/**
 * Which runs were chosen in a chart.
 *
 * A figure that belongs to a view names it in its layout (`meta.nbledger.view`). Which run a point is stands in its
 * `customdata`; a trace that is one run has it in `meta.run`. Nothing here knows of JupyterLab or of plotly's code.
 */

/**
 * Runs chosen in a chart of a view: in place of those before, or each of them turned on or off.
 *
 * `brushes` are the ranges on the axes of parallel coordinates that chose them, by the names of the axes.
 */
export interface IChosen {
  view: string;
  runs: string[];
  how: 'replace' | 'toggle';
  brushes?: Record<string, [number, number][]>;
}

interface ITrace {
  type?: string;
  meta?: { run?: string };
  customdata?: ArrayLike<unknown>;
  dimensions?: { name?: string; values?: ArrayLike<number>; constraintrange?: Range | Range[] }[];
}

interface IPoint {
  customdata?: unknown;
  data?: ITrace;
  fullData?: ITrace;
}

/** A range, as a brush on an axis of parallel coordinates makes it. */
type Range = ArrayLike<number>;

/** An element that plotly has drawn into. */
export interface IPlot extends HTMLElement {
  layout?: { clickmode?: string; meta?: { nbledger?: { view?: string } } };
  data?: ITrace[];
  _fullData?: ITrace[];
  on?(event: string, handler: (event?: { points?: IPoint[] }) => void): void;
}

/** Return the view that a figure belongs to, or none. */
export function viewOf(plot: IPlot): string | null {
  const view = plot.layout?.meta?.nbledger?.view;
  return typeof view === 'string' && view ? view : null;
}

/** Return the runs that points belong to, each once. */
export function runsOf(points: readonly IPoint[]): string[] {
  const found = points.map(point => {
    const own = Array.isArray(point.customdata) ? point.customdata[0] : point.customdata;
    return own ?? point.data?.meta?.run ?? point.fullData?.meta?.run;
  });
  return [...new Set(found.filter((run): run is string => typeof run === 'string' && run !== ''))];
}

/** Return the runs that the brushes on the axes leave, and the brushes; `null` where there is none. */
export function brushed(plot: IPlot): { runs: string[]; brushes: Record<string, [number, number][]> } | null {
  const found: string[] = [];
  const brushes: Record<string, [number, number][]> = {};
  let any = false;
  (plot._fullData ?? plot.data ?? []).forEach((trace, at) => {
    if (trace.type !== 'parcoords') {
      return;
    }
    const runs = trace.customdata ?? plot.data?.[at]?.customdata ?? [];
    const axes = (trace.dimensions ?? []).map((axis, place) => ({
      name: axis.name ?? plot.data?.[at]?.dimensions?.[place]?.name ?? String(place),
      values: axis.values ?? [],
      ranges: ranges(axis.constraintrange ?? plot.data?.[at]?.dimensions?.[place]?.constraintrange)
    }));
    const bounded = axes.filter(axis => axis.ranges.length > 0);
    any = any || bounded.length > 0;
    bounded.forEach(axis => (brushes[axis.name] = axis.ranges));
    for (let place = 0; bounded.length > 0 && place < runs.length; place++) {
      const run = runs[place];
      if (
        typeof run === 'string' &&
        bounded.every(({ values, ranges }) =>
          ranges.some(([low, high]) => values[place] >= low && values[place] <= high)
        )
      ) {
        found.push(run);
      }
    }
  });
  return any ? { runs: [...new Set(found)], brushes } : null;
}

function ranges(given: Range | Range[] | undefined): [number, number][] {
  if (!given || given.length === 0) {
    return [];
  }
  const all = typeof given[0] === 'number' ? [given as Range] : [...(given as Range[])];
  return all.map(one => [Math.min(one[0], one[1]), Math.max(one[0], one[1])]);
}

/** Tell `chosen` of what is chosen in a plot from now on; nothing happens for a plot that belongs to no view. */
export function listen(plot: IPlot, chosen: (message: IChosen) => void): void {
  if (viewOf(plot) === null || !plot.on) {
    return;
  }
  let has = brushed(plot) !== null;
  const tell = (runs: string[], how: IChosen['how'], brushes?: IChosen['brushes']): void => {
    const view = viewOf(plot);
    if (view !== null && (runs.length > 0 || has || how === 'toggle')) {
      has = runs.length > 0;
      chosen(brushes ? { view, runs, how, brushes } : { view, runs, how });
    }
  };
  plot.on('plotly_selected', event => {
    if (event) {
      tell(runsOf(event.points ?? []), 'replace');
    }
  });
  plot.on('plotly_deselect', () => {
    has = true;
    tell([], 'replace');
  });
  plot.on('plotly_click', event => {
    const runs = runsOf((event?.points ?? []).slice(0, 1));
    if (!plot.layout?.clickmode?.includes('select') && runs.length > 0) {
      tell(runs, 'toggle');
    }
  });
  plot.on('plotly_restyle', () => {
    if ((plot.data ?? []).some(trace => trace.type === 'parcoords')) {
      const left = brushed(plot);
      tell(left?.runs ?? [], 'replace', left?.brushes ?? {});
    }
  });
}

const DRAWN = '.plot-container';

/**
 * Tell `chosen` of what is chosen in any plot below an element, now or later. Returns what ends it.
 */
export function watch(root: HTMLElement, chosen: (message: IChosen) => void): () => void {
  const known = new WeakSet<Element>();
  const look = (container: Element): void => {
    const plot = container.parentElement;
    // A plot that is drawn anew in the same element forgets its listeners, and has a new container.
    if (plot && !known.has(container)) {
      known.add(container);
      listen(plot as IPlot, chosen);
    }
  };
  const among = (node: Node): void => {
    if (node instanceof Element) {
      if (node.matches(DRAWN)) {
        look(node);
      } else if (node.childElementCount > 0) {
        node.querySelectorAll(DRAWN).forEach(look);
      }
    }
  };
  const observer = new MutationObserver(records => {
    for (const record of records) {
      record.addedNodes.forEach(among);
    }
  });
  observer.observe(root, { childList: true, subtree: true });
  among(root);
  return () => observer.disconnect();
}

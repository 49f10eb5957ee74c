/** The drawing of a lineage: an SVG whose nodes are buttons, walked with the arrow keys. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { type IDrawing, type IDrawnNode, type IPlace, neighbours, walk } from './graph';
import { type ILayout, NODE, fit, layout, path } from './layout';
import { Action } from './parts';

const ZOOMS = [0.25, 0.4, 0.55, 0.75, 1, 1.25, 1.6, 2];
/** Characters that fit into a node, by label and by detail. */
const FITS = { label: 20, detail: 26 };

interface IProps {
  shown: IDrawing;
  chosen: string;
  /** Ids that were searched for; `null` where nothing was. */
  found: ReadonlySet<string> | null;
  trans: TranslationBundle;
  choose(id: string): void;
  open(id: string): void;
  enter(id: string): void;
}

export function Graph(props: IProps): JSX.Element {
  const { shown, trans } = props;
  const [placed, setPlaced] = React.useState<{ shown: IDrawing; layout: ILayout } | null>(null);
  const place = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    let isCurrent = true;
    const { clientWidth, clientHeight } = place.current as HTMLDivElement;
    const box = clientWidth > 0 ? { width: clientWidth, height: Math.max(clientHeight - 50, 200) } : undefined;
    void layout(shown, box).then(found => isCurrent && setPlaced({ shown, layout: found }));
    return () => {
      isCurrent = false;
    };
  }, [shown]);
  return (
    <div className="jp-nbledger-main-graph" ref={place}>
      {placed ? (
        <Drawn {...props} shown={placed.shown} layout={placed.layout} />
      ) : (
        <p className="jp-nbledger-main-nothing" role="status">
          {trans.__('Laying out the graph...')}
        </p>
      )}
    </div>
  );
}

function Drawn(props: IProps & { layout: ILayout }): JSX.Element {
  const { shown, trans, chosen, found, choose, open, enter } = props;
  const { way, places, ways, width, height } = props.layout;
  const arrow = `jp-nbledger-arrow-${React.useId().replace(/:/g, '')}`;
  const box = React.useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = React.useState<number | null>(null);
  const [current, setCurrent] = React.useState(shown.root);
  const focused = places.has(current) ? current : shown.root;
  const around = React.useMemo(() => neighbours(shown.edges), [shown]);
  const scale = zoom ?? fitting(box.current, width, height);
  const [, redraw] = React.useReducer((turn: number) => turn + 1, 0);
  React.useLayoutEffect(() => {
    const watch = new ResizeObserver(redraw);
    if (box.current) {
      watch.observe(box.current);
    }
    redraw();
    return () => watch.disconnect();
  }, []);

  const reveal = (id: string, how: ScrollBehavior = 'auto') => {
    const place = places.get(id);
    if (place && box.current) {
      reach(box.current, place, scale, how);
    }
  };
  React.useEffect(() => reveal(chosen || shown.root), [chosen, shown, scale]);
  React.useEffect(() => {
    if (chosen && places.has(chosen)) {
      setCurrent(chosen);
    }
  }, [chosen, places]);

  const focus = (id: string) => {
    setCurrent(id);
    reveal(id);
    box.current?.querySelector<SVGGElement>(`[data-node="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
  };
  const press = (node: IDrawnNode) => (node.node ? choose(node.id) : open(node.id));
  const onKeyDown = (event: React.KeyboardEvent, node: IDrawnNode) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === 'Enter' || event.key === ' ') {
      if (event.key === 'Enter' && node.id === chosen) {
        enter(node.id);
      } else {
        press(node);
      }
    } else if (event.key === '+' || event.key === '-') {
      setZoom(step(scale, event.key === '+' ? 1 : -1));
    } else if (event.key === '0') {
      setZoom(null);
    } else if (event.key.startsWith('Arrow') || event.key === 'Home') {
      focus(walk(shown, places, node.id, event.key, way));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const lit = chosen ? new Set([...(around.before.get(chosen) ?? []), ...(around.after.get(chosen) ?? []), chosen]) : null;
  return (
    <>
      <div className="jp-nbledger-main-graph-tools" role="group" aria-label={trans.__('Zoom')}>
        <Action label="−" onClick={() => setZoom(step(scale, -1))} />
        <Action label={trans.__('Fit')} onClick={() => setZoom(null)} />
        <Action label="+" onClick={() => setZoom(step(scale, 1))} />
        <span className="jp-nbledger-main-note">{trans.__('Arrow keys walk, Enter chooses, Enter again opens the run')}</span>
      </div>
      <div className="jp-nbledger-main-graph-box" ref={box} {...usePan(box)}>
        <svg
          role="group"
          aria-label={trans.__('Lineage as a graph of %1 nodes', shown.nodes.length)}
          width={width * scale}
          height={height * scale}
          viewBox={`0 0 ${width} ${height}`}
        >
          <defs>
            <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
              <path d="M0,0 L8,4 L0,8 z" />
            </marker>
          </defs>
          <g aria-hidden="true">
            {shown.edges.map((edge, place) => (
              <path
                key={place}
                d={path(ways[place])}
                markerEnd={`url(#${arrow})`}
                className={`jp-nbledger-main-edge ${edge.source === chosen || edge.target === chosen ? 'jp-mod-lit' : ''}`}
              >
                {edge.label ? <title>{edge.label}</title> : null}
              </path>
            ))}
          </g>
          {shown.nodes.map(node => (
            <Node
              key={node.id}
              node={node}
              place={places.get(node.id) as IPlace}
              trans={trans}
              isRoot={node.id === shown.root}
              isChosen={node.id === chosen}
              isQuiet={found ? !found.has(node.id) : lit !== null && !lit.has(node.id)}
              isFound={found?.has(node.id) ?? false}
              isCurrent={node.id === focused}
              madeFrom={around.before.get(node.id)?.length ?? 0}
              wentInto={around.after.get(node.id)?.length ?? 0}
              onClick={() => {
                setCurrent(node.id);
                press(node);
              }}
              onDoubleClick={() => enter(node.id)}
              onKeyDown={event => onKeyDown(event, node)}
            />
          ))}
        </svg>
      </div>
    </>
  );
}

interface INodeProps {
  node: IDrawnNode;
  place: IPlace;
  trans: TranslationBundle;
  isRoot: boolean;
  isChosen: boolean;
  isQuiet: boolean;
  isFound: boolean;
  isCurrent: boolean;
  madeFrom: number;
  wentInto: number;
  onClick(): void;
  onDoubleClick(): void;
  onKeyDown(event: React.KeyboardEvent): void;
}

function Node(props: INodeProps): JSX.Element {
  const { node, place, trans, isRoot, isChosen } = props;
  const { label, detail } = words(node, trans);
  const marks = [
    isRoot ? 'jp-mod-root' : '',
    isChosen ? 'jp-mod-selected' : '',
    props.isQuiet ? 'jp-mod-quiet' : '',
    props.isFound ? 'jp-mod-found' : ''
  ];
  const spoken = [
    label,
    detail.split('\n').join(', '),
    trans._n('made from %1', 'made from %1', props.madeFrom),
    trans._n('went into %1', 'went into %1', props.wentInto)
  ];
  const kind = node.of ?? node.kind;
  return (
    <g
      role="button"
      tabIndex={props.isCurrent ? 0 : -1}
      data-node={node.id}
      data-kind={kind}
      className={`jp-nbledger-main-node ${marks.filter(Boolean).join(' ')}`}
      aria-label={spoken.filter(Boolean).join(', ')}
      aria-pressed={node.node ? isChosen : undefined}
      transform={`translate(${place.x - NODE.width / 2},${place.y - NODE.height / 2})`}
      onClick={props.onClick}
      onDoubleClick={props.onDoubleClick}
      onKeyDown={props.onKeyDown}
    >
      <title>{`${label}\n${detail}`}</title>
      {node.kind === 'group' ? <rect className="jp-mod-behind" x="4" y="4" width={NODE.width} height={NODE.height} rx="4" /> : null}
      <rect className="jp-mod-box" width={NODE.width} height={NODE.height} rx="4" />
      <rect className="jp-mod-band" width="4" height={NODE.height} rx="2" />
      <Sign kind={kind} />
      <svg x="32" width={NODE.width - 36} height={NODE.height} overflow="hidden">
        <text y="19" className="jp-mod-label">
          {clip(label, FITS.label)}
        </text>
        <text y="35" className="jp-mod-detail">
          {clip(detail.split('\n').slice(0, 3).join(', ').replace(/^started /, ''), FITS.detail)}
        </text>
      </svg>
    </g>
  );
}

/** A sign of its own for each kind, so that the colour need not tell it. */
function Sign(props: { kind: string }): JSX.Element {
  const shapes: Record<string, JSX.Element> = {
    cell: <path d="M1,2 h12 v10 h-12 z M4,5 l2,2 l-2,2 M8,9.5 h3" />,
    data: <path d="M1,2 h12 v10 h-12 z M1,5.3 h12 M1,8.6 h12 M5,2 v10" />,
    file: <path d="M3,1 h5 l3,3 v9 h-8 z M8,1 v3 h3" />,
    model: <path d="M7,1 l6,3 v6 l-6,3 l-6,-3 v-6 z M1,4 l6,3 l6,-3 M7,7 v6" />,
    metric: <path d="M1,13 v-5 h3 v5 z M5.5,13 v-8 h3 v8 z M10,13 v-12 h3 v12 z" />,
    value: <circle cx="7" cy="7" r="4.5" />,
    url: <path d="M7,1 a6,6 0 1 0 0.01,0 M1,7 h12 M7,1 q-5,6 0,12 M7,1 q5,6 0,12" />,
    alias: <path d="M1,7 l5,-5 h7 v7 l-5,5 z" />,
    more: <path d="M3,7 h8 M7,3 v8" />
  };
  return (
    <g className="jp-mod-sign" transform="translate(12,16)" aria-hidden="true">
      {shapes[props.kind] ?? shapes.value}
    </g>
  );
}

function words(node: IDrawnNode, trans: TranslationBundle): { label: string; detail: string } {
  if (node.kind === 'group') {
    return { label: kindCount(node.of ?? 'value', node.count, trans), detail: node.detail };
  }
  if (node.kind === 'more') {
    return { label: trans.__('%1 more', node.count.toLocaleString()), detail: trans.__('Open what lies beyond') };
  }
  return { label: node.label, detail: node.detail };
}

/** A kind of node in words. */
export function kindWord(kind: string, trans: TranslationBundle): string {
  const found: Record<string, string> = {
    cell: trans.__('cell'),
    data: trans.__('data'),
    file: trans.__('file'),
    model: trans.__('model'),
    metric: trans.__('metric'),
    value: trans.__('value'),
    url: trans.__('URL'),
    alias: trans.__('alias')
  };
  return found[kind] ?? kind;
}

/** `1 cell`, `12 cells`. */
export function kindCount(kind: string, count: number, trans: TranslationBundle): string {
  const shown = count.toLocaleString();
  switch (kind) {
    case 'cell':
      return trans._n('%2 cell', '%2 cells', count, shown);
    case 'file':
      return trans._n('%2 file', '%2 files', count, shown);
    case 'model':
      return trans._n('%2 model', '%2 models', count, shown);
    case 'metric':
      return trans._n('%2 metric', '%2 metrics', count, shown);
    case 'value':
      return trans._n('%2 value', '%2 values', count, shown);
    case 'url':
      return trans._n('%2 URL', '%2 URLs', count, shown);
    case 'alias':
      return trans._n('%2 alias', '%2 aliases', count, shown);
    case 'data':
      return trans._n('%2 data set', '%2 data sets', count, shown);
    default:
      return `${shown} ${kind}`;
  }
}

/** Text of at most so many characters. */
function clip(text: string, most: number): string {
  const letters = [...text.replace(/\s+/g, ' ')];
  return letters.length <= most ? letters.join('') : `${letters.slice(0, most - 1).join('')}…`;
}

function step(scale: number, way: 1 | -1): number {
  const next = way > 0 ? ZOOMS.find(zoom => zoom > scale + 0.01) : [...ZOOMS].reverse().find(zoom => zoom < scale - 0.01);
  return next ?? scale;
}

/** The scale at which the whole is seen, as long as it can be read. */
function fitting(box: HTMLElement | null, width: number, height: number): number {
  if (!box || !width || !height || !box.clientWidth) {
    return 1;
  }
  return Math.min(1, Math.max(0.7, fit({ width, height }, { width: box.clientWidth - 4, height: box.clientHeight - 4 })));
}

/** Scroll as little as shows a place with some room around it. */
function reach(box: HTMLElement, place: IPlace, scale: number, behavior: ScrollBehavior): void {
  const room = 40;
  const near = (at: number, half: number, from: number, extent: number) =>
    Math.min(Math.max(from, at + half + room - extent), Math.max(0, at - half - room));
  box.scrollTo({
    left: near(place.x * scale, (NODE.width / 2) * scale, box.scrollLeft, box.clientWidth),
    top: near(place.y * scale, (NODE.height / 2) * scale, box.scrollTop, box.clientHeight),
    behavior
  });
}

/** Handlers that move the graph with the mouse on its empty parts. */
function usePan(box: React.RefObject<HTMLDivElement>): React.HTMLAttributes<HTMLDivElement> {
  const from = React.useRef<{ x: number; y: number; left: number; top: number } | null>(null);
  return {
    onPointerDown: event => {
      if (event.button === 0 && box.current && !(event.target as Element).closest('[data-node]')) {
        from.current = { x: event.clientX, y: event.clientY, left: box.current.scrollLeft, top: box.current.scrollTop };
        box.current.setPointerCapture(event.pointerId);
      }
    },
    onPointerMove: event => {
      if (from.current && box.current) {
        box.current.scrollLeft = from.current.left - (event.clientX - from.current.x);
        box.current.scrollTop = from.current.top - (event.clientY - from.current.y);
      }
    },
    onPointerUp: () => {
      from.current = null;
    },
    onPointerCancel: () => {
      from.current = null;
    }
  };
}

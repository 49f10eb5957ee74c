/** Where the nodes of a lineage stand and how its edges run, by dagre, which is only loaded when a graph is drawn. */
import type { IDrawing, IPlace } from './graph';

export const NODE = { width: 184, height: 46 };

export type Way = 'LR' | 'TB';

export interface ILayout {
  /** From left to right, or from top to bottom. */
  way: Way;
  width: number;
  height: number;
  /** Middle of each node. */
  places: Map<string, IPlace>;
  /** The way of each edge, in the order of the drawing's edges. */
  ways: IPlace[][];
}

/** Up to so many nodes both ways are laid out, and the one that can be shown larger is taken. */
const MOST_TWICE = 120;

/** Lay a drawing out for a box; without one, from left to right. */
export async function layout(shown: IDrawing, box?: { width: number; height: number }): Promise<ILayout> {
  const { default: dagre } = await import('@dagrejs/dagre');
  const lay = (way: Way): ILayout => {
    const graph = new dagre.graphlib.Graph();
    const [nodesep, ranksep] = way === 'LR' ? [16, 44] : [18, 36];
    graph.setGraph({ rankdir: way, nodesep, ranksep, edgesep: 8, marginx: 16, marginy: 16 });
    graph.setDefaultEdgeLabel(() => ({}));
    shown.nodes.forEach(node => graph.setNode(node.id, { ...NODE }));
    shown.edges.forEach(edge => graph.setEdge(edge.source, edge.target));
    dagre.layout(graph);
    const places = new Map(shown.nodes.map(({ id }) => [id, { x: graph.node(id).x, y: graph.node(id).y }]));
    const ways = shown.edges.map(edge => graph.edge(edge.source, edge.target).points as IPlace[]);
    const { width = 0, height = 0 } = graph.graph();
    return { way, width, height, places, ways };
  };
  const across = lay('LR');
  if (!box || shown.nodes.length > MOST_TWICE || fit(across, box) >= 1) {
    return across;
  }
  const down = lay('TB');
  return fit(down, box) > fit(across, box) ? down : across;
}

/** The scale at which all of a layout is seen in a box. */
export function fit(layout: { width: number; height: number }, box: { width: number; height: number }): number {
  return Math.min(box.width / Math.max(layout.width, 1), box.height / Math.max(layout.height, 1));
}

/** An edge's way as the `d` of a path: straight where it has two points, else a smooth curve through them. */
export function path(points: IPlace[]): string {
  const at = ({ x, y }: IPlace) => `${round(x)},${round(y)}`;
  if (points.length < 3) {
    return points.map((point, place) => `${place === 0 ? 'M' : 'L'}${at(point)}`).join('');
  }
  let found = `M${at(points[0])}`;
  for (let place = 1; place < points.length - 2; place++) {
    const [one, next] = [points[place], points[place + 1]];
    found += `Q${at(one)} ${at({ x: (one.x + next.x) / 2, y: (one.y + next.y) / 2 })}`;
  }
  const [last, end] = points.slice(-2);
  return `${found}Q${at(last)} ${at(end)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

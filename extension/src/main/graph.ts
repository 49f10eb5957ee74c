/**
 * What of a lineage is drawn: all of it up to a limit, beyond that its nearest part and groups of likes.
 *
 * Nothing here knows of a page. A node that stands for several is a *group* (likes with the same neighbours, as a
 * thousand files that one cell reads) or *more* (what lies beyond a node, further from the root than is drawn); to
 * open one is to add its id to `opened`.
 */
import type { ILineage, ILineageNode } from '../api';

/** Up to so many nodes a lineage is drawn whole. */
export const MOST_NODES = 300;
/** So many likes or more are drawn as one. */
const ALIKE = 4;

export interface IDrawnNode {
  id: string;
  kind: ILineageNode['kind'] | 'group' | 'more';
  label: string;
  detail: string;
  /** The recorded node; `null` for a group and for more. */
  node: ILineageNode | null;
  /** How many nodes it stands for. */
  count: number;
  /** Kind of a group's members. */
  of?: ILineageNode['kind'];
}

export interface IDrawnEdge {
  source: string;
  target: string;
  label: string;
}

export interface IDrawing {
  nodes: IDrawnNode[];
  edges: IDrawnEdge[];
  root: string;
  /** How many recorded nodes are not drawn one by one. */
  hidden: number;
}

interface INeighbours {
  before: Map<string, string[]>;
  after: Map<string, string[]>;
}

export function neighbours(edges: { source: string; target: string }[]): INeighbours {
  const before = new Map<string, string[]>();
  const after = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, key: string, value: string) => {
    const found = map.get(key);
    if (!found) {
      map.set(key, [value]);
    } else if (!found.includes(value)) {
      found.push(value);
    }
  };
  for (const { source, target } of edges) {
    add(before, target, source);
    add(after, source, target);
  }
  return { before, after };
}

/** The node that was asked for: the one of that id, else the one that nothing follows (or, of an impact, precedes). */
export function rootOf(lineage: ILineage, direction: 'why' | 'impact' = 'why'): string {
  const { nodes, edges, of, center } = lineage;
  if (nodes.length === 0) {
    return '';
  }
  const named = nodes.find(node => node.id === center) ?? nodes.find(node => node.id === of) ?? nodes.find(node => node.run !== null && node.run === of);
  if (named) {
    return named.id;
  }
  const ends = new Set(edges.map(edge => (direction === 'why' ? edge.source : edge.target)));
  const candidates = nodes.filter(node => !ends.has(node.id));
  const pool = candidates.length > 0 ? candidates : nodes;
  const further = (one: ILineageNode, other: ILineageNode) => (direction === 'why' ? other.layer - one.layer : one.layer - other.layer);
  return [...pool].sort(further)[0].id;
}

/** What is drawn of a lineage when the groups and ends in `opened` were opened. */
export function drawing(
  lineage: ILineage,
  opened: ReadonlySet<string> = new Set(),
  direction: 'why' | 'impact' = 'why',
  most = MOST_NODES
): IDrawing {
  const root = rootOf(lineage, direction);
  const all: IDrawnNode[] = lineage.nodes.map(node => ({
    id: node.id,
    kind: node.kind,
    label: node.label,
    detail: node.detail,
    node,
    count: 1
  }));
  const known = new Set(all.map(node => node.id));
  const edges = distinct(lineage.edges.filter(edge => known.has(edge.source) && known.has(edge.target)));
  if (all.length <= most) {
    return { nodes: all, edges, root, hidden: 0 };
  }
  return near(grouped({ nodes: all, edges, root, hidden: 0 }, opened), opened, most);
}

/** Likes with the same neighbours as one node, unless it was opened. */
function grouped(whole: IDrawing, opened: ReadonlySet<string>): IDrawing {
  const { before, after } = neighbours(whole.edges);
  const sets = new Map<string, IDrawnNode[]>();
  for (const node of whole.nodes) {
    if (node.id === whole.root) {
      continue;
    }
    const around = [before.get(node.id) ?? [], after.get(node.id) ?? []].map(ids => [...ids].sort());
    const key = JSON.stringify([node.kind, ...around]);
    sets.set(key, [...(sets.get(key) ?? []), node]);
  }
  const inGroup = new Map<string, string>();
  const groups: IDrawnNode[] = [];
  for (const members of sets.values()) {
    const id = `group:${members[0].id}`;
    if (members.length < ALIKE || opened.has(id)) {
      continue;
    }
    members.forEach(member => inGroup.set(member.id, id));
    const labels = members.map(member => member.label);
    groups.push({
      id,
      kind: 'group',
      label: '',
      detail: labels.slice(0, 3).join(', ') + (labels.length > 3 ? ', ...' : ''),
      node: null,
      count: members.length,
      of: members[0].kind as ILineageNode['kind']
    });
  }
  const named = (id: string) => inGroup.get(id) ?? id;
  const edges = whole.edges.map(edge => ({
    source: named(edge.source),
    target: named(edge.target),
    label: inGroup.has(edge.source) || inGroup.has(edge.target) ? '' : edge.label
  }));
  return {
    nodes: [...whole.nodes.filter(node => !inGroup.has(node.id)), ...groups],
    edges: distinct(edges),
    root: whole.root,
    hidden: inGroup.size
  };
}

/** The nodes nearest to the root, and a node for what lies beyond each end that was not opened. */
function near(whole: IDrawing, opened: ReadonlySet<string>, most: number): IDrawing {
  if (whole.nodes.length <= most) {
    return whole;
  }
  const { before, after } = neighbours(whole.edges);
  const around = (id: string) => [...(before.get(id) ?? []), ...(after.get(id) ?? [])];
  const kept = new Set<string>();
  const queue = [whole.root];
  while (queue.length > 0 && kept.size < most) {
    const id = queue.shift() as string;
    if (!kept.has(id)) {
      kept.add(id);
      queue.push(...around(id).filter(next => !kept.has(next)));
    }
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const id of [...kept]) {
      const beyond = opened.has(`more:${id}`) ? around(id).filter(next => !kept.has(next)) : [];
      beyond.forEach(next => kept.add(next));
      grew = grew || beyond.length > 0;
    }
  }
  const byId = new Map(whole.nodes.map(node => [node.id, node]));
  const nodes = whole.nodes.filter(node => kept.has(node.id));
  const edges = whole.edges.filter(edge => kept.has(edge.source) && kept.has(edge.target));
  const drawn = nodes.length;
  for (let place = 0; place < drawn; place++) {
    const { id } = nodes[place];
    const missing = (ids: string[] | undefined) => (ids ?? []).filter(next => !kept.has(next));
    const [left, right] = [missing(before.get(id)), missing(after.get(id))];
    const count = [...left, ...right].reduce((sum, next) => sum + (byId.get(next)?.count ?? 0), 0);
    if (count > 0) {
      nodes.push({ id: `more:${id}`, kind: 'more', label: '', detail: '', node: null, count });
      const isBefore = left.length > 0;
      edges.push(isBefore ? { source: `more:${id}`, target: id, label: '' } : { source: id, target: `more:${id}`, label: '' });
    }
  }
  const gone = whole.nodes.filter(node => !kept.has(node.id)).reduce((sum, node) => sum + node.count, 0);
  const inGroups = nodes.filter(node => node.kind === 'group').reduce((sum, node) => sum + node.count, 0);
  return { nodes, edges, root: whole.root, hidden: gone + inGroups };
}

function distinct(edges: IDrawnEdge[]): IDrawnEdge[] {
  const found = new Map<string, IDrawnEdge>();
  for (const edge of edges) {
    const key = JSON.stringify([edge.source, edge.target]);
    const first = found.get(key);
    if (!first) {
      found.set(key, { ...edge });
    } else if (edge.label && !first.label.split(', ').includes(edge.label)) {
      first.label = first.label ? `${first.label}, ${edge.label}` : edge.label;
    }
  }
  return [...found.values()].filter(edge => edge.source !== edge.target);
}

/** The ids to open so that a recorded node is drawn; a node that cannot be reached opens nothing. */
export function opening(lineage: ILineage, id: string, opened: ReadonlySet<string>, direction: 'why' | 'impact'): Set<string> {
  const found = new Set(opened);
  for (let turn = 0; turn < lineage.nodes.length; turn++) {
    const now = drawing(lineage, found, direction);
    const drawn = new Set(now.nodes.map(node => node.id));
    if (drawn.has(id)) {
      return found;
    }
    const groupOf = now.nodes.find(node => node.kind === 'group' && members(lineage, node.id).includes(id));
    const next = groupOf ? groupOf.id : moreTowards(lineage, id, drawn);
    if (!next || found.has(next)) {
      return found;
    }
    found.add(next);
  }
  return found;
}

/** Ids of the nodes that a group stands for. */
export function members(lineage: ILineage, group: string): string[] {
  const { before, after } = neighbours(lineage.edges);
  const first = group.slice('group:'.length);
  const kind = lineage.nodes.find(node => node.id === first)?.kind;
  const key = (id: string) =>
    JSON.stringify([[...(before.get(id) ?? [])].sort(), [...(after.get(id) ?? [])].sort()]);
  const wanted = key(first);
  return lineage.nodes.filter(node => node.kind === kind && key(node.id) === wanted).map(node => node.id);
}

/** The end to open on the shortest way from what is drawn to a node. */
function moreTowards(lineage: ILineage, id: string, drawn: ReadonlySet<string>): string {
  const { before, after } = neighbours(lineage.edges);
  const seen = new Set([id]);
  const queue = [id];
  while (queue.length > 0) {
    const one = queue.shift() as string;
    for (const next of [...(before.get(one) ?? []), ...(after.get(one) ?? [])]) {
      if (drawn.has(`more:${next}`)) {
        return `more:${next}`;
      }
      if (!seen.has(next)) {
        seen.add(next);
        queue.push(next);
      }
    }
  }
  return '';
}

export interface IPlace {
  x: number;
  y: number;
}

/**
 * Where an arrow key leads from a node. In a graph from left to right: left to what it was made from, right to what it
 * went into, up and down to the next node beside it; in one from top to bottom a quarter turn on. The nearest in each
 * case, the same id where there is nothing.
 */
export function walk(
  shown: IDrawing,
  places: ReadonlyMap<string, IPlace>,
  from: string,
  key: string,
  way: 'LR' | 'TB' = 'LR'
): string {
  const here = places.get(from);
  if (!here) {
    return shown.root;
  }
  const keys =
    way === 'LR' ? ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] : ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'];
  const [along, beside] = way === 'LR' ? (['x', 'y'] as const) : (['y', 'x'] as const);
  const { before, after } = neighbours(shown.edges);
  const nearest = (ids: string[]): string =>
    ids
      .filter(id => places.has(id))
      .map(id => ({ id, far: Math.abs((places.get(id) as IPlace)[beside] - here[beside]) }))
      .sort((one, other) => one.far - other.far)[0]?.id ?? from;
  const next = (sign: 1 | -1): string[] =>
    shown.nodes
      .map(node => node.id)
      .filter(id => {
        const place = places.get(id);
        return place !== undefined && (place[beside] - here[beside]) * sign > 1 && Math.abs(place[along] - here[along]) < 24;
      });
  switch (keys.indexOf(key)) {
    case 0:
      return nearest(before.get(from) ?? []);
    case 1:
      return nearest(after.get(from) ?? []);
    case 2:
      return nearest(next(-1));
    case 3:
      return nearest(next(1));
    default:
      return key === 'Home' ? shown.root : from;
  }
}

/** Ids of the nodes whose label, detail, kind or run contains every word, upper or lower case alike. */
export function search(lineage: ILineage, text: string): string[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) {
    return [];
  }
  return lineage.nodes
    .filter(node => {
      const all = `${node.label}\n${node.detail}\n${node.kind}\n${node.run ?? ''}`.toLowerCase();
      return words.every(word => all.includes(word));
    })
    .map(node => node.id);
}

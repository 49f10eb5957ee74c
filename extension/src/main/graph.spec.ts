import { describe, expect, it } from 'vitest';

import type { ILineage, ILineageNode } from '../api';
import { MOST_NODES, drawing, members, opening, rootOf, search, walk } from './graph';
import { NODE, layout, path } from './layout';

function node(id: string, more: Partial<ILineageNode> = {}): ILineageNode {
  return { id, kind: 'data', label: id, detail: '', run: null, code: '', layer: 0, exactness: 'exact', ...more };
}

function lineage(nodes: ILineageNode[], edges: [string, string][], center = ''): ILineage {
  const told = edges.map(([source, target]) => ({ source, target, label: '' }));
  return { of: 'x', title: 'x', center, nodes, edges: told, text: '', truncated: '' };
}

/** A cell that reads many files, of which each was written by the same cell. */
function manyFiles(count: number): ILineage {
  const files = Array.from({ length: count }, (_, place) => node(`f${place}`, { kind: 'file', label: `part-${place}.csv` }));
  const cells = [node('write', { kind: 'cell' }), node('read', { kind: 'cell', layer: 2, run: 'abc' })];
  const edges = files.flatMap(file => [['write', file.id], [file.id, 'read']] as [string, string][]);
  return lineage([...cells, ...files], edges, 'read');
}

/** A chain of cells, each from the one before. */
function chain(count: number): ILineage {
  const nodes = Array.from({ length: count }, (_, place) => node(`n${place}`, { layer: place }));
  const edges = nodes.slice(1).map((one, place) => [nodes[place].id, one.id] as [string, string]);
  return lineage(nodes, edges, `n${count - 1}`);
}

describe('the root', () => {
  it('is the node that was asked for, else the last one of what made something', () => {
    const found = chain(3);
    expect(rootOf(found)).toBe('n2');
    expect(rootOf({ ...found, center: '' })).toBe('n2');
    expect(rootOf({ ...found, center: '' }, 'impact')).toBe('n0');
    expect(rootOf(lineage([], []))).toBe('');
  });

  it('is found in a circle, too', () => {
    const circle = lineage([node('a'), node('b', { layer: 1 })], [['a', 'b'], ['b', 'a']]);
    expect(rootOf(circle)).toBe('b');
  });
});

describe('what is drawn', () => {
  it('is all of it up to the limit, with several edges between two nodes as one', () => {
    const whole = manyFiles(20);
    whole.edges.push({ source: 'f0', target: 'read', label: 'again' });
    const shown = drawing(whole);
    expect(shown.nodes).toHaveLength(22);
    expect(shown.edges).toHaveLength(40);
    expect(shown.edges.find(edge => edge.source === 'f0')?.label).toBe('again');
    expect(shown.hidden).toBe(0);
  });

  it('leaves out edges to nodes that are not there', () => {
    expect(drawing(lineage([node('a')], [['a', 'gone'], ['a', 'a']])).edges).toEqual([]);
  });

  it('draws a thousand files that one cell reads as one, which opens', () => {
    const whole = manyFiles(1000);
    const shown = drawing(whole);
    expect(shown.nodes).toHaveLength(3);
    const group = shown.nodes.find(one => one.kind === 'group');
    expect(group).toMatchObject({ count: 1000, of: 'file' });
    expect(shown.hidden).toBe(1000);
    expect(members(whole, group?.id ?? '')).toHaveLength(1000);
    const opened = drawing(whole, new Set([group?.id ?? '']));
    expect(opened.nodes.length).toBeGreaterThanOrEqual(MOST_NODES);
    expect(opened.nodes.some(one => one.kind === 'group')).toBe(false);
  });

  it('draws the nearest part of a long chain and opens what lies beyond', () => {
    const whole = chain(1000);
    const shown = drawing(whole);
    const more = shown.nodes.filter(one => one.kind === 'more');
    expect(shown.nodes).toHaveLength(MOST_NODES + 1);
    expect(more).toHaveLength(1);
    expect(shown.hidden).toBe(1000 - MOST_NODES);
    expect(shown.edges.find(edge => edge.source === more[0].id)).toBeDefined();
    const opened = drawing(whole, new Set([more[0].id]));
    expect(opened.nodes.length).toBeGreaterThan(shown.nodes.length);
  });

  it('opens whatever is in the way of a node that was searched for', () => {
    const files = manyFiles(400);
    expect(drawing(files, opening(files, 'f399', new Set(), 'why')).nodes.map(one => one.id)).toContain('f399');
    const far = chain(320);
    expect(drawing(far, opening(far, 'n0', new Set(), 'why')).nodes.map(one => one.id)).toContain('n0');
  });

  it('opens nothing for a node that cannot be reached', () => {
    const whole = chain(400);
    whole.nodes.push(node('alone'));
    expect(opening(whole, 'alone', new Set(), 'why').size).toBe(0);
  });
});

describe('the arrow keys', () => {
  const diamond = lineage(
    [node('a'), node('up'), node('down'), node('z')],
    [['a', 'up'], ['a', 'down'], ['up', 'z'], ['down', 'z']],
    'z'
  );

  it('walk to what it was made from, what it went into, and what is beside it', async () => {
    const shown = drawing(diamond);
    const { places } = await layout(shown);
    const [higher, lower] = ['up', 'down'].sort((one, other) => (places.get(one)?.y ?? 0) - (places.get(other)?.y ?? 0));
    expect([higher, lower]).toContain(walk(shown, places, 'z', 'ArrowLeft'));
    expect(walk(shown, places, higher, 'ArrowDown')).toBe(lower);
    expect(walk(shown, places, lower, 'ArrowUp')).toBe(higher);
    expect(walk(shown, places, lower, 'ArrowLeft')).toBe('a');
    expect(walk(shown, places, 'a', 'ArrowLeft')).toBe('a');
    expect(walk(shown, places, 'a', 'Home')).toBe('z');
    expect(walk(shown, places, 'gone', 'ArrowLeft')).toBe('z');
    expect(walk(shown, places, 'a', 'x')).toBe('a');
  });

  it('turn with a graph that runs from top to bottom', async () => {
    const shown = drawing(chain(8));
    const { way, places } = await layout(shown, { width: 400, height: 700 });
    expect(way).toBe('TB');
    expect(walk(shown, places, 'n3', 'ArrowUp', way)).toBe('n2');
    expect(walk(shown, places, 'n3', 'ArrowDown', way)).toBe('n4');
    expect(walk(shown, places, 'n3', 'ArrowLeft', way)).toBe('n3');
  });

  it('reach every node of a graph', async () => {
    const shown = drawing(manyFiles(40));
    const { places } = await layout(shown);
    const seen = new Set([shown.root]);
    const queue = [shown.root];
    while (queue.length > 0) {
      const one = queue.shift() as string;
      for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']) {
        const next = walk(shown, places, one, key);
        if (!seen.has(next)) {
          seen.add(next);
          queue.push(next);
        }
      }
    }
    expect(seen.size).toBe(shown.nodes.length);
  });
});

describe('the search', () => {
  it('wants every word, in the label, detail, kind or run', () => {
    const whole = lineage([node('1', { label: 'People.csv', kind: 'file', detail: '12 KiB' }), node('2', { label: 'people' })], []);
    expect(search(whole, 'PEOPLE')).toEqual(['1', '2']);
    expect(search(whole, 'people kib')).toEqual(['1']);
    expect(search(whole, 'file people')).toEqual(['1']);
    expect(search(whole, '  ')).toEqual([]);
    expect(search(whole, '.*')).toEqual([]);
  });
});

describe('the layout', () => {
  it('lets no two nodes overlap and gives every edge a way', async () => {
    const shown = drawing(manyFiles(30));
    const { places, ways, width, height } = await layout(shown);
    expect(ways).toHaveLength(shown.edges.length);
    const all = [...places.values()];
    for (const [place, one] of all.entries()) {
      expect(one.x).toBeLessThan(width);
      expect(one.y).toBeLessThan(height);
      for (const other of all.slice(place + 1)) {
        expect(Math.abs(one.x - other.x) >= NODE.width || Math.abs(one.y - other.y) >= NODE.height).toBe(true);
      }
    }
  });

  it('writes the way of an edge as a path', () => {
    expect(path([{ x: 0, y: 0 }, { x: 1.234, y: 2 }])).toBe('M0,0L1.2,2');
    expect(path([{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 2, y: 0 }])).toBe('M0,0Q1,1 2,0');
    expect(path([{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 3, y: 1 }, { x: 4, y: 0 }])).toBe('M0,0Q1,1 2,1Q3,1 4,0');
    expect(path([])).toBe('');
  });
});

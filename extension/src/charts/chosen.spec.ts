// @vitest-environment jsdom
import { describe, expect, it } from 'vitest';
import { brushed, IChosen, IPlot, runsOf, viewOf, watch } from './chosen';

type Handler = (event?: unknown) => void;

function plot(options: Partial<IPlot> = {}): { plot: IPlot; fire: (event: string, data?: unknown) => void } {
  const handlers = new Map<string, Handler[]>();
  const element = document.createElement('div') as unknown as IPlot;
  Object.assign(element, {
    layout: { clickmode: 'event+select', meta: { nbledger: { view: 'v1' } } },
    on: (event: string, handler: Handler) => handlers.set(event, [...(handlers.get(event) ?? []), handler]),
    ...options
  });
  const container = document.createElement('div');
  container.className = 'plot-container';
  element.append(container);
  return { plot: element, fire: (event, data) => handlers.get(event)?.forEach(handler => handler(data)) };
}

const parcoords = {
  type: 'parcoords',
  customdata: ['a', 'b', 'c'],
  dimensions: [
    { name: 'lr', values: Float32Array.from([1, 2, 3]), constraintrange: [1.5, 3] },
    { values: [10, 20, 30], constraintrange: [[25, 35] as number[], [5, 12] as number[]] }
  ]
};

describe('which runs were chosen', () => {
  it('are those of the points, each once, or of the whole trace', () => {
    expect(runsOf([{ customdata: 'a' }, { customdata: ['b', 1] }, { customdata: 'a' }])).toEqual(['a', 'b']);
    expect(runsOf([{ data: { meta: { run: 'c' } } }, {}, { customdata: 7 }])).toEqual(['c']);
  });

  it('are those between the brushes of all axes', () => {
    const brushes = { lr: [[1.5, 3]], '1': [[25, 35], [5, 12]] };
    expect(brushed({ data: [parcoords] } as unknown as IPlot)).toEqual({ runs: ['c'], brushes });
    const open = { ...parcoords, dimensions: [{ values: [1, 2, 3] }] };
    expect(brushed({ data: [open] } as unknown as IPlot)).toBeNull();
  });

  it('belong to no view in a figure that names none', () => {
    expect(viewOf(plot().plot)).toBe('v1');
    expect(viewOf(plot({ layout: {} }).plot)).toBeNull();
  });
});

describe('a plot', () => {
  const told: IChosen[] = [];
  const listenTo = (one: { plot: IPlot }): void => {
    told.length = 0;
    watch(one.plot, message => told.push(message));
  };

  it('tells what was selected, and that nothing is any more', () => {
    const one = plot();
    listenTo(one);
    one.fire('plotly_selected', { points: [{ customdata: 'a' }] });
    one.fire('plotly_selected', undefined);
    one.fire('plotly_click', { points: [{ customdata: 'a' }] });
    one.fire('plotly_deselect');
    expect(told).toEqual([
      { view: 'v1', runs: ['a'], how: 'replace' },
      { view: 'v1', runs: [], how: 'replace' }
    ]);
  });

  it('turns a curve on or off by a click', () => {
    const one = plot({ layout: { meta: { nbledger: { view: 'v2' } } } });
    listenTo(one);
    one.fire('plotly_click', { points: [{ data: { meta: { run: 'a' } } }] });
    one.fire('plotly_click', { points: [{}] });
    expect(told).toEqual([{ view: 'v2', runs: ['a'], how: 'toggle' }]);
  });

  it('tells of brushes, and not of axes that are only moved', () => {
    const open = { ...parcoords, dimensions: [{ values: [1, 2, 3] }] };
    const one = plot({ data: [open] as unknown as IPlot['data'] });
    listenTo(one);
    one.fire('plotly_restyle');
    expect(told).toEqual([]);
    one.plot.data = [parcoords] as unknown as IPlot['data'];
    one.fire('plotly_restyle');
    one.plot.data = [open] as unknown as IPlot['data'];
    one.fire('plotly_restyle');
    expect(told.map(message => message.runs)).toEqual([['c'], []]);
    expect(told.map(message => Object.keys(message.brushes ?? {}))).toEqual([['1', 'lr'], []]);
  });

  it('is found when it is drawn later, and again when it is drawn anew', async () => {
    told.length = 0;
    const root = document.createElement('div');
    const end = watch(root, message => told.push(message));
    const one = plot();
    root.append(one.plot);
    await new Promise(resolve => setTimeout(resolve));
    one.fire('plotly_selected', { points: [{ customdata: 'a' }] });
    expect(told).toHaveLength(1);
    const again = document.createElement('div');
    again.className = 'plot-container';
    one.plot.replaceChildren(again);
    await new Promise(resolve => setTimeout(resolve));
    one.fire('plotly_selected', { points: [{ customdata: 'b' }] });
    expect(told).toHaveLength(3); // the test's own listeners were not taken away
    end();
  });
});

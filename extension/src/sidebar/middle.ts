/** Cutting a name in its middle when there is no room: names of runs often differ at their end. */

const ELLIPSIS = '…';
/** Of what is kept, this part stands at the end. */
const AT_END = 0.45;
/** Names that are remembered with their cut. */
const MOST = 5000;

/** The text, or its beginning and end with an ellipsis between, not wider than `width` by `measure`. */
export function cutMiddle(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) {
    return text;
  }
  const letters = [...text];
  const kept = (count: number): string => {
    const end = Math.floor(count * AT_END);
    return letters.slice(0, count - end).join('') + ELLIPSIS + (end > 0 ? letters.slice(-end).join('') : '');
  };
  let [fits, tooMany] = [0, letters.length];
  while (tooMany - fits > 1) {
    const half = (fits + tooMany) >> 1;
    if (measure(kept(half)) <= width) {
      fits = half;
    } else {
      tooMany = half;
    }
  }
  return kept(fits);
}

/** Cuts names for one font; each name once for each width. */
export class Cutter {
  constructor(private readonly font: string) {}

  cut(text: string, width: number): string {
    if (width !== this.width || this.found.size > MOST) {
      this.width = width;
      this.found.clear();
    }
    let cut = this.found.get(text);
    if (cut === undefined) {
      cut = cutMiddle(text, width, this.measure);
      this.found.set(text, cut);
    }
    return cut;
  }

  private readonly measure = (text: string): number => {
    if (this.context === undefined) {
      this.context = document.createElement('canvas').getContext('2d');
      if (this.context) {
        this.context.font = this.font;
      }
    }
    return this.context ? this.context.measureText(text).width : text.length * 8;
  };

  private context: CanvasRenderingContext2D | null | undefined;
  private width = -1;
  private readonly found = new Map<string, string>();
}

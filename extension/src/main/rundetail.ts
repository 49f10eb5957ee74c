/** Properties of the parts of a run's view. */
import type { IRunDetail } from '../api';
import type { IViewProps } from './context';

export type DetailProps = IViewProps & { run: IRunDetail; again(): void };

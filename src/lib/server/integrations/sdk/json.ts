/** A JSON value: what properties, settings and checkpoints are made of, since all three are stored. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

// `npm run cluster`: see options.ts.

// The options live where Orleans' own do, but the engine knows nothing of Orleans: this one name is all it takes from there.
global using RaftEngineOptions = Orleans.Configuration.RaftEngineOptions;

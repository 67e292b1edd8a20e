using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Raft;
using ReplicatedCounter;
using Samples;

// A counter of one's own on three silos: each adds, each reads what all have added, and the next start goes on where this one ended.
//   dotnet run --project samples/ReplicatedCounter [-- DATA [FIRST-PORT]]
const int AddsPerSilo = 1000;
var data = args.Length > 0 ? args[0] : "counter-data";
var port = args.Length > 1 ? int.Parse(args[1]) : 12111;

await using var silos = new ThreeSilos(data, port, silo => silo.AddRaftGroup<CounterMachine>("counter"));
Console.WriteLine($"Starting {string.Join(", ", ThreeSilos.Names)} on ports from {port}; data in {Path.GetFullPath(data)}.");
await silos.StartAsync();

var before = await ReadAsync(0);
Console.WriteLine($"The counter stands at {before}. Each silo adds 1, {AddsPerSilo} times, all at once.");
await Task.WhenAll(Enumerable.Range(0, ThreeSilos.Names.Length).SelectMany(silo => Enumerable.Range(0, AddsPerSilo).Select(_ => AddAsync(silo))));

// Linearizable: every silo sees every add that was acknowledged anywhere before it asked.
var after = await Task.WhenAll(Enumerable.Range(0, ThreeSilos.Names.Length).Select(ReadAsync));
Console.WriteLine($"The silos read {string.Join(", ", after)}.");

Console.WriteLine("One silo stops; the other two go on.");
await silos.StopAsync(2);
var last = CounterMachine.Number(await Counter(0).ProposeAsync(CounterMachine.Add(1), CancellationToken.None));
Console.WriteLine($"The counter stands at {last}.");

var expected = before + (AddsPerSilo * ThreeSilos.Names.Length);
return after.All(value => value == expected) && last == expected + 1 ? 0 : 1;

IRaftGroup Counter(int silo) => silos[silo].GetRequiredService<IRaftGroupFactory>().GetGroup("counter", 0);

async Task AddAsync(int silo) => await Counter(silo).ProposeAsync(CounterMachine.Add(1), CancellationToken.None);

async Task<long> ReadAsync(int silo) =>
    CounterMachine.Number(await Counter(silo).ReadAsync(default, RaftReadOptions.Linearizable, CancellationToken.None));

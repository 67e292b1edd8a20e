using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;

var port = args.Length > 0 ? int.Parse(args[0]) : 11111;
var builder = Host.CreateApplicationBuilder();
builder.UseOrleans(silo => silo
    .Configure<SiloOptions>(options => options.SiloName = "s1")          // stable: the data belongs to the name
    .ConfigureEndpoints(System.Net.IPAddress.Loopback, port, port + 100)
    .UseRaftClustering(clustering => clustering.Voters["s1"] = $"127.0.0.1:{port + 200}")
    .AddRaftGrainStorage("raft"));                                       // data is in raft-data/s1
using var host = builder.Build();
await host.StartAsync();
var counter = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICounter>("runs");
Console.WriteLine($"Run number {await counter.Add()}.");
await host.StopAsync();

public interface ICounter : IGrainWithStringKey { Task<int> Add(); }
public sealed class Counter([PersistentState("count", "raft")] IPersistentState<Count> count) : Grain, ICounter
{
    public async Task<int> Add() { count.State.Value++; await count.WriteStateAsync(); return count.State.Value; }
}
[GenerateSerializer] public sealed class Count { [Id(0)] public int Value { get; set; } }

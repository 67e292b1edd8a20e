using System.Net;
using System.Net.Sockets;
using BackedSilo;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;

// BackedSilo DIRECTORY KIND CONNECTION WRITERS KEYS: reads all states and prints them, then writes and clears them until it is killed.
// "> state KEY NUMBER", "> ready", then for each change "> try KEY NUMBER" before it and "> done KEY NUMBER" after it; a cleared state has number 0.
var (directory, kind, connection, writers, keys) = (args[0], args[1], args[2], int.Parse(args[3]), int.Parse(args[4]));
var ports = Enumerable.Range(0, 2).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
Array.ForEach(ports, port => port.Start());
var numbers = ports.Select(port => ((IPEndPoint)port.LocalEndpoint).Port).ToArray();
Array.ForEach(ports, port => port.Stop());

var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
builder.UseOrleans(orleans => orleans
    .UseLocalhostClustering(numbers[0], numbers[1], null, "backed", "backed")
    .Configure<SiloOptions>(silo => silo.SiloName = "s1")
    .AddRaft(raft =>
    {
        raft.DataDirectory = directory;
        (raft.CompactionEntries, raft.CompactionTailEntries) = (50, 10);
    })
    .AddDatabase(kind, connection)
    .AddRaftGrainStorage("backed", options => (options.Groups, options.BackingStorageName) = (2, Databases.Name)));
using var host = builder.Build();
await host.StartAsync();
var storage = host.Services.GetRequiredKeyedService<IGrainStorage>("backed");
var states = new GrainState<Tally>[keys];
for (var key = 0; key < keys; key++)
{
    states[key] = new GrainState<Tally>();
    await storage.ReadStateAsync("s", Grain(key), states[key]);
    Say($"state {key} {states[key].State!.Number}");
}

Say("ready");
var last = states.Max(state => state.State!.Number);
await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteAsync(writer))));

async Task WriteAsync(int writer)
{
    var random = new Random(Environment.ProcessId + writer);
    while (true)
    {
        // A key has one writer, so that what it may be after a crash is known.
        var key = (random.Next(keys / writers) * writers) + writer;
        var number = random.Next(5) == 0 ? 0 : Interlocked.Increment(ref last);
        states[key].State = new Tally(number, new string('x', random.Next(3000)));
        Say($"try {key} {number}");
        await (number == 0 ? storage.ClearStateAsync("s", Grain(key), states[key]) : storage.WriteStateAsync("s", Grain(key), states[key]));
        Say($"done {key} {number}");
    }
}

static GrainId Grain(int key) => GrainId.Create("tally", $"{key}");

static void Say(string line)
{
    lock (typeof(Databases))
    {
        Console.Out.WriteLine("> " + line);
        Console.Out.Flush();
    }
}

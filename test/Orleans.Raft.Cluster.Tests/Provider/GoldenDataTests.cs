using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Storage.Tests.Provider.Contract;
using Orleans.Runtime;
using Orleans.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>
/// A silo's data directory as version 1 of the formats left it: log, rows, sessions, meta group, in the middle of its work, a part flushed and a part in the log alone. Every release reads it.
/// <c>ORLEANS_RAFT_WRITE_GOLDEN=/abs/file.zip</c> keeps the one that is written here; a new version of the formats adds a file and keeps the old ones.
/// </summary>
public sealed class GoldenDataTests(ITestOutputHelper output) : IDisposable
{
    private const string Keeping = "keeping";
    private const string Forgetting = "forgetting";
    private const string List = "expected.tsv";
    private const string Nothing = "-";

    private readonly TemporaryDirectory _directory = new();

    private string Data => Path.Combine(_directory.Path, "data");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("provider-v1.zip")]
    public async Task What_an_earlier_release_wrote_is_read_with_its_ETags_and_can_be_changed(string file)
    {
        await ZipFile.ExtractToDirectoryAsync(Path.Combine(AppContext.BaseDirectory, file), Data);
        var numbers = await ReadAndChangeAsync();
        await RunAsync(async storage =>
        {
            foreach (var (provider, number) in numbers)
            {
                Assert.Equal($"changed {number}", (await StateAsync(storage, provider, number)).State!.Text);
            }
        });
    }

    [Fact]
    public async Task What_this_release_writes_is_read_in_the_same_way()
    {
        var copy = Path.Combine(_directory.Path, "copy");
        await WriteAsync(copy);
        var zip = Path.Combine(_directory.Path, "golden.zip");
        await ZipFile.CreateFromDirectoryAsync(copy, zip, CompressionLevel.SmallestSize, includeBaseDirectory: false);
        var size = new FileInfo(zip).Length;
        output.WriteLine($"{size} bytes");
        Assert.InRange(size, 1, 300 * 1024);
        if (Environment.GetEnvironmentVariable("ORLEANS_RAFT_WRITE_GOLDEN") is { Length: > 0 } keep)
        {
            File.Copy(zip, keep, overwrite: true);
        }

        Directory.Delete(Data, recursive: true);
        await ZipFile.ExtractToDirectoryAsync(zip, Data);
        await ReadAndChangeAsync();
    }

    private async Task WriteAsync(string copy)
    {
        var states = new Dictionary<(string Provider, int Number), GrainState<Cart>>();
        await RunAsync(async storage =>
        {
            // What a stop leaves: flushed.
            await ChangeAsync(storage, states, 0, 12, "old");
        });
        await RunAsync(async storage =>
        {
            // What a crash leaves: in the log, over what was flushed.
            await ChangeAsync(storage, states, 6, 18, "new");
            foreach (var (provider, number) in states.Keys.Where(key => key.Number % 6 == 1))
            {
                await storage(provider).ClearStateAsync(StateOf(number), GrainOf(number), states[(provider, number)]);
            }

            using var cp = Process.Start("cp", ["-r", Data, copy]);
            await cp.WaitForExitAsync();
        });
        await File.WriteAllLinesAsync(Path.Combine(copy, List), states.OrderBy(state => state.Key).Select(state =>
            $"{state.Key.Provider}\t{state.Key.Number}\t{(state.Value.RecordExists ? state.Value.State!.Text : Nothing)}\t{state.Value.ETag ?? Nothing}"));
    }

    private static async Task ChangeAsync(
        Func<string, IGrainStorage> storage, Dictionary<(string Provider, int Number), GrainState<Cart>> states, int first, int end, string text)
    {
        foreach (var provider in new[] { Keeping, Forgetting })
        {
            for (var number = first; number < end; number++)
            {
                var state = states.TryGetValue((provider, number), out var known) ? known : states[(provider, number)] = new GrainState<Cart>();
                state.State = new Cart($"{text} {number} of {provider}{(number == 5 ? new string('x', 3_000) : "")}");
                await storage(provider).WriteStateAsync(StateOf(number), GrainOf(number), state);
            }
        }
    }

    private async Task<List<(string Provider, int Number)>> ReadAndChangeAsync()
    {
        var expected = (await File.ReadAllLinesAsync(Path.Combine(Data, List))).Select(line => line.Split('\t')).ToList();
        Assert.Equal(36, expected.Count);
        Assert.Equal(6, expected.Count(line => line[2] == Nothing));
        Assert.Equal(3, expected.Count(line => line[3] == Nothing));
        await RunAsync(async storage =>
        {
            foreach (var line in expected)
            {
                var (provider, number) = (line[0], int.Parse(line[1], CultureInfo.InvariantCulture));
                var state = await StateAsync(storage, provider, number);
                Assert.Equal((line[2], line[3]), (state.RecordExists ? state.State!.Text : Nothing, state.ETag ?? Nothing));

                // The ETag counts: without it a record is not overwritten, with it it is.
                var blind = new GrainState<Cart>(new Cart("blind"));
                await (line[3] == Nothing
                    ? Task.CompletedTask
                    : Assert.ThrowsAsync<InconsistentStateException>(() => storage(provider).WriteStateAsync(StateOf(number), GrainOf(number), blind)));
                state.State = new Cart($"changed {number}");
                await storage(provider).WriteStateAsync(StateOf(number), GrainOf(number), state);
            }
        });
        return expected.ConvertAll(line => (line[0], int.Parse(line[1], CultureInfo.InvariantCulture)));
    }

    private static async Task<GrainState<Cart>> StateAsync(Func<string, IGrainStorage> storage, string provider, int number)
    {
        var state = new GrainState<Cart>();
        await storage(provider).ReadStateAsync(StateOf(number), GrainOf(number), state);
        return state;
    }

    private static string StateOf(int number) => number % 2 == 0 ? "s" : "état / ☃";

    // Keys of text, of odd text and of bytes that are none.
    private static GrainId GrainOf(int number) => (number % 3) switch
    {
        0 => GrainId.Create("cart", $"{number}"),
        1 => GrainId.Create("cart", $"a/b+c|ключ-{number}"),
        _ => GrainId.Create(GrainType.Create("cart"), new IdSpan([0xff, 0, (byte)number])),
    };

    private async Task RunAsync(Func<Func<string, IGrainStorage>, Task> use)
    {
        var ports = SiloSet.FreePorts(2);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(orleans =>
        {
            orleans.UseLocalhostClustering(ports[0], ports[1], serviceId: "golden", clusterId: "golden");
            orleans.Configure<SiloOptions>(silo => silo.SiloName = "s1");
            orleans.Configure<RaftOptions>(raft => raft.DataDirectory = Data);
            orleans.Configure<RaftEngineOptions>(engine => engine.SegmentBytes = 64 << 10);
            orleans.AddRaftGrainStorage(Keeping, options => options.Groups = 3);
            orleans.AddRaftGrainStorage(Forgetting, options => (options.Groups, options.DeleteStateOnClear) = (1, true));
        });
        using var host = builder.Build();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        await host.StartAsync(timeout.Token);
        await use(name => host.Services.GetRequiredKeyedService<IGrainStorage>(name));
        await host.StopAsync(timeout.Token);
    }
}

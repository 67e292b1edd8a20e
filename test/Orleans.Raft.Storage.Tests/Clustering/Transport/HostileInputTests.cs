using System.Globalization;
using Microsoft.Extensions.Logging;
using Orleans.Raft.Storage.Clustering;
using Orleans.Raft.Wire;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>
/// Whatever comes to the listening port closes that connection with one line and costs bounded memory and time. How many inputs:
/// <c>ORLEANS_RAFT_FUZZ_INPUTS</c> (20,000); another <c>ORLEANS_RAFT_FUZZ_SEED</c> makes other ones.
/// </summary>
public sealed class HostileInputTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly int Inputs = Number("ORLEANS_RAFT_FUZZ_INPUTS", 20_000);
    private static readonly int Seed = Number("ORLEANS_RAFT_FUZZ_SEED", 1);

    private readonly VoterCluster _cluster = new(1);

    private int Port => _cluster.PortOf("s1");

    private int Closed => _cluster.Log.Warnings.Count(static line => line.StartsWith("Clustering connection from", StringComparison.Ordinal));

    public async Task InitializeAsync()
    {
        await _cluster.StartAsync("s1");
        await ReadAsync();
    }

    public async Task DisposeAsync()
    {
        await _cluster.DisposeAsync();
        output.WriteLine($"seed {Seed}, {Inputs} inputs");
    }

    [Fact]
    public async Task Frames_with_anything_wrong_are_refused_with_a_known_exception_and_nothing_grows()
    {
        var fuzz = new FrameFuzz(Seed);
        var peer = new PeerIdentity("raw", Guid.NewGuid(), 1, Guid.Empty);
        var (voter, refused, before) = (_cluster["s1"].Voter!, 0, GC.GetTotalMemory(true));
        for (var input = 0; input < Inputs; input++)
        {
            try
            {
                var frame = Frame.Decode(await new FrameStream(new MemoryStream(fuzz.NextFramed())).ReadAsync(1 << 20, CancellationToken.None) ?? []);
                switch (frame.Kind)
                {
                    case FrameKind.Message:
                        voter.OnRaft(peer, frame.Body);
                        break;
                    case FrameKind.Answer:
                        Answer.Decode(frame.Body);
                        BirthNews.Decode(frame.Body);
                        break;
                    default:
                        await voter.AnswerAsync(peer, frame.Kind, frame.Body, CancellationToken.None);
                        break;
                }
            }
            catch (Exception failure) when (failure is TransportException or WireFormatException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, Inputs / 4, Inputs);
        Assert.Equal("", voter.Trouble);
        await ReadAsync();
        var grown = GC.GetTotalMemory(true) - before;
        output.WriteLine($"{refused} of {Inputs} were refused; memory grew by {grown} bytes");
        Assert.True(grown < 64 << 20, $"memory grew by {grown} bytes in {Inputs} inputs");
    }

    [Fact]
    public async Task Strangers_garbage_at_the_port_closes_each_connection_with_one_line()
    {
        var (fuzz, connections) = (new FrameFuzz(Seed), Math.Clamp(Inputs / 100, 100, 5000));
        for (var connection = 0; connection < connections; connection++)
        {
            using var raw = new RawPeer(Port);
            await raw.SendRawAsync(fuzz.NextFramed());
            raw.EndSending();
            await raw.WaitForCloseAsync();
        }

        await AssertServesAsync(connections);
    }

    [Fact]
    public async Task Peers_that_know_the_secret_and_send_garbage_lose_their_connection_with_one_line()
    {
        var (fuzz, connections) = (new FrameFuzz(Seed + 1), Math.Clamp(Inputs / 100, 100, 5000));
        for (var connection = 0; connection < connections; connection++)
        {
            using var raw = new RawPeer(Port);
            Assert.Equal("", await raw.GreetAsync());
            for (var frame = 0; frame < 5; frame++)
            {
                await raw.SendRawAsync(fuzz.NextFramed());
            }

            // More than a wrong length may swallow, so that the end is never one in order.
            await raw.SendRawAsync([.. Enumerable.Repeat((byte)0xff, 64)]);
            raw.EndSending();
            await raw.WaitForCloseAsync();
        }

        await AssertServesAsync(connections);
    }

    [Theory]
    [InlineData("wrong secret")]
    [InlineData("another cluster")]
    [InlineData("another version")]
    [InlineData("another voter")]
    [InlineData("oversized")]
    [InlineData("http")]
    [InlineData("oversized after the handshake")]
    public async Task Who_does_not_belong_here_is_closed_with_one_line_that_says_why(string what)
    {
        using var raw = new RawPeer(Port)
        {
            Secret = what == "wrong secret" ? "another" : "secret",
            Cluster = what == "another cluster" ? "other" : "test",
            Protocol = what == "another version" ? 2 : 1,
            Expected = what == "another voter" ? "s9" : "s1",
        };
        switch (what)
        {
            case "oversized":
                await raw.SendRawAsync([0, 0x20, 0, 0, 1]);
                break;
            case "http":
                await raw.SendRawAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
                break;
            case "oversized after the handshake":
                Assert.Equal("", await raw.GreetAsync());
                await raw.SendRawAsync([0, 0, 0, 0x10, 1]);
                break;
            default:
                var refusal = await raw.GreetAsync();
                Assert.True(what == "wrong secret" ? refusal is null : refusal is { Length: > 0 }, $"refusal '{refusal}'");
                break;
        }

        await raw.WaitForCloseAsync();
        await AssertServesAsync(1);
        output.WriteLine(_cluster.Log.Warnings.Last());
        Assert.Contains(
            what switch
            {
                "wrong secret" => "does not prove that it knows the secret",
                "another cluster" => "it belongs to cluster 'other'",
                "another version" => "protocol 2",
                "another voter" => "it looks for voter 's9'",
                _ => "bytes was announced",
            },
            _cluster.Log.Warnings.Last(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Half_open_connections_are_few_and_short()
    {
        var open = Enumerable.Range(0, TransportLimits.MaxStrangers + 20).Select(_ => new RawPeer(Port)).ToList();
        try
        {
            await Task.WhenAll(open.Select(static raw => raw.WaitForCloseAsync()));
        }
        finally
        {
            open.ForEach(static raw => raw.Dispose());
        }

        await Until.TrueAsync(() => Closed == open.Count, "one line for each of them");
        Assert.Equal(20, _cluster.Log.Warnings.Count(static line => line.Contains("had not finished the handshake when", StringComparison.Ordinal)));
        Assert.Equal(open.Count - 20, _cluster.Log.Warnings.Count(static line => line.Contains("did not end within", StringComparison.Ordinal)));
        await ReadAsync();
    }

    [Fact]
    public async Task Who_keeps_all_places_for_strangers_taken_shuts_out_nobody()
    {
        using var ending = new CancellationTokenSource();
        var held = Enumerable.Range(0, TransportLimits.MaxStrangers).Select(_ => HoldAsync(ending.Token)).ToArray();
        for (var peer = 0; peer < 20; peer++)
        {
            // A peer that happens to be put out dials again, as links do.
            await Until.TrueAsync(
                async () =>
                {
                    using var raw = new RawPeer(Port);
                    return await raw.GreetAsync() == "";
                },
                "a peer that knows the secret is let in");
        }

        Assert.Contains(_cluster.Log.Warnings, static line => line.Contains("had not finished the handshake when", StringComparison.Ordinal));
        await ending.CancelAsync();
        await Task.WhenAll(held);
        await ReadAsync();
    }

    // Says nothing, waits to be closed, and is there again.
    private async Task HoldAsync(CancellationToken ending)
    {
        while (!ending.IsCancellationRequested)
        {
            using var raw = new RawPeer(Port);
            await raw.WaitForCloseAsync(ending);
        }
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private Task<TableState> ReadAsync() => _cluster["s1"].Client.ReadAsync(true, CancellationToken.None);

    private async Task AssertServesAsync(int closed)
    {
        await Until.TrueAsync(() => Closed >= closed, "a line for each connection");
        Assert.Equal(closed, Closed);
        await Until.TrueAsync(() => _cluster["s1"].ConnectionCount == 0, "no connection left");
        await ReadAsync();
        Assert.DoesNotContain(_cluster.Log.Warnings, static line => line.StartsWith(nameof(LogLevel.Critical), StringComparison.Ordinal));
    }
}

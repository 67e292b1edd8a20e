using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Raft.Storage.Clustering;
using Xunit;
using Xunit.Abstractions;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class LinkTests(ITestOutputHelper output) : IDisposable
{
    private static readonly ReadOnlyMemory<byte> Anything = new byte[] { 1 };

    private readonly LogLines _log = new();

    public void Dispose() => output.WriteLine(_log.ToString());

    [Fact]
    public async Task A_connection_that_stood_and_broke_is_dialed_again_without_a_growing_pause()
    {
        await using var server = new StubHandler(_log) { OnMessage = static () => throw new TransportException("The test closes it.") };
        var time = new NotedTime();
        await using var link = new Link("s1", StubHandler.Greeter("s2"), _ => [$"127.0.0.1:{server.Port}"], null, time, _log);
        link.Start();
        for (var i = 0; i < 8; i++)
        {
            PeerIdentity? peer = null;
            await Until.TrueAsync(() => (peer = link.Peer) is not null, "the link stands");
            link.TrySendRaft(Anything);
            await Until.TrueAsync(() => !ReferenceEquals(link.Peer, peer), "the connection is broken");
        }

        Assert.InRange(time.Pauses.Count, 7, 8);
        Assert.All(time.Pauses, static pause => Assert.InRange(pause, TimeSpan.Zero, 1.5 * TransportLimits.FirstBackOff));
    }

    [Fact]
    public async Task A_check_of_certificates_that_throws_costs_an_attempt_and_a_line_on_either_side_and_not_the_link()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=clustering", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var (clientChecks, serverChecks) = (0, 0);
        var serverTls = new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, _, _, _) => ++serverChecks > 1 ? true : throw new NotSupportedException("the server's check fails"),
        };
        var clientTls = new SslClientAuthenticationOptions
        {
            ClientCertificates = [certificate],
            RemoteCertificateValidationCallback = (_, _, _, _) => ++clientChecks > 1 ? true : throw new NotSupportedException("the client's check fails"),
        };
        await using var server = new StubHandler(_log, serverTls);
        await using var link = new Link("s1", StubHandler.Greeter("s2"), _ => [$"127.0.0.1:{server.Port}"], clientTls, TimeProvider.System, _log);
        link.Start();
        await Until.TrueAsync(() => link.Peer is not null, "the link stands in the end");
        Assert.Contains(_log.Warnings, static line => line.Contains("the client's check fails", StringComparison.Ordinal));
        Assert.Contains(_log.Warnings, static line => line.Contains("the server's check fails", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_is_heard_of_is_dialed_at_once()
    {
        // A link that pauses for an hour, but for who calls.
        var (time, port) = (new NotedTime { PauseFactor = 100_000 }, VoterCluster.FreePort());
        var attempts = 0;
        await using var link = new Link("s1", StubHandler.Greeter("s2"), _ => ++attempts > 0 ? [$"127.0.0.1:{port}"] : [], null, time, _log);
        link.Start();
        await Until.TrueAsync(() => !time.Pauses.IsEmpty, "the link pauses");
        await using var server = new StubHandler(_log);
        port = server.Port;
        link.Hurry();
        await Until.TrueAsync(() => link.Peer is not null, "the link stands");
        Assert.Equal(2, attempts);
    }

    /// <summary>Notes waits that are none of the transport's fixed limits: the pauses between attempts.</summary>
    private sealed class NotedTime : TimeProvider
    {
        private static readonly TimeSpan[] Limits =
        [
            TransportLimits.HandshakeTime, TransportLimits.ConnectTime, TransportLimits.BeatInterval, TransportLimits.SilenceTime, TransportLimits.WriteTime,
            Timeout.InfiniteTimeSpan,
        ];

        public ConcurrentQueue<TimeSpan> Pauses { get; } = new();

        public int PauseFactor { get; init; } = 1;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var isPause = !Limits.Contains(dueTime);
            if (isPause)
            {
                Pauses.Enqueue(dueTime);
            }

            return base.CreateTimer(callback, state, isPause ? PauseFactor * dueTime : dueTime, period);
        }
    }
}

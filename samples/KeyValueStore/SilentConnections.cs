using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;

namespace KeyValueStore;

/// <summary>
/// Hangs up on silos that say nothing. Orleans breaks off the requests to a silo when that is declared dead, but keeps the connection for ten seconds more and sends on it whatever comes
/// after that moment: a request, or the registration of a key's new place, which then waits for half a minute. A paused silo's connections are open and silent; they are closed a
/// moment before it is declared dead, so that nothing can be sent there.
/// </summary>
internal static class SilentConnections
{
    // Silos probe each other every second and Raft beats more often. Counted in turns of a timer, so that a pause of this process itself is not held against the others.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private const int MaxSilentIntervals = 5;

    /// <summary>Watches all connections between silos.</summary>
    public static void Close(SiloConnectionOptions options)
    {
        options.ConfigureSiloOutboundConnection(builder => builder.Use(Watch));
        options.ConfigureSiloInboundConnection(builder => builder.Use(Watch));
    }

    private static ConnectionDelegate Watch(ConnectionDelegate next) => async connection =>
    {
        var transport = connection.Transport;
        var input = new HearingReader(transport.Input);
        connection.Transport = new Duplex(input, transport.Output);
        using var closed = new CancellationTokenSource();
        var watching = WatchAsync(connection, input, closed.Token);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
            await closed.CancelAsync();
            await watching;
        }
    };

    private static async Task WatchAsync(ConnectionContext connection, HearingReader input, CancellationToken closed)
    {
        using var timer = new PeriodicTimer(Interval);
        for (var silent = 0; silent < MaxSilentIntervals; silent = input.HasHeard() ? 0 : silent + 1)
        {
            try
            {
                await timer.WaitForNextTickAsync(closed);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        connection.Abort(new ConnectionAbortedException("The other silo said nothing for too long."));
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Passes everything on, and remembers that there was something.</summary>
    private sealed class HearingReader(PipeReader inner) : PipeReader
    {
        private int _hasHeard;

        /// <summary>Whether anything came since it was asked last.</summary>
        public bool HasHeard() => Interlocked.Exchange(ref _hasHeard, 0) != 0;

        public override bool TryRead(out ReadResult result)
        {
            var hasRead = inner.TryRead(out result);
            if (hasRead)
            {
                Volatile.Write(ref _hasHeard, 1);
            }

            return hasRead;
        }

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var result = await inner.ReadAsync(cancellationToken);
            Volatile.Write(ref _hasHeard, 1);
            return result;
        }

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}

using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KeyValueStore;

/// <summary>
/// Lets keys contain the byte 0. Kestrel refuses a target with <c>%00</c> before anybody else sees it, so it is shown <c>%0.</c> there instead, which is no escape and
/// passes as it is; <see cref="KeyCodec"/> reads it back.
/// </summary>
internal static class NulKeys
{
    /// <summary>What stands for the last digit of <c>%00</c>, in a place where no such character can be sent: see <see cref="RequestTargets"/>.</summary>
    public const char Stand = '.';

    /// <summary>Adds the translation to every address that the server listens on.</summary>
    public static void Allow(ListenOptions listen) => listen.Use(next => async connection =>
    {
        var transport = connection.Transport;
        connection.Transport = new Duplex(new TargetReader(transport.Input), transport.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    });

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Passes everything on; each byte goes through <see cref="RequestTargets"/> once, in place.</summary>
    private sealed class TargetReader(PipeReader inner) : PipeReader
    {
        private readonly RequestTargets _targets = new();
        private ReadOnlySequence<byte> _buffer;
        private long _seen;

        public override bool TryRead(out ReadResult result)
        {
            var hasRead = inner.TryRead(out result);
            if (hasRead)
            {
                Translate(result);
            }

            return hasRead;
        }

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var result = await inner.ReadAsync(cancellationToken);
            Translate(result);
            return result;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            _seen -= _buffer.Slice(0, consumed).Length;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        private void Translate(in ReadResult result)
        {
            _buffer = result.Buffer;
            foreach (var segment in _buffer.Slice(_seen))
            {
                _targets.Translate(MemoryMarshal.AsMemory(segment).Span);
            }

            _seen = _buffer.Length;
        }
    }
}

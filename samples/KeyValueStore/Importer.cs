using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading.Channels;

namespace KeyValueStore;

/// <summary>Imports lines with many writes in flight, so that each group's leader puts many into one entry and one fsync.</summary>
internal sealed class Importer(KeyValueClient client)
{
    private const int MaxInFlight = 512;

    /// <summary>Longest line: every byte of key and value escaped.</summary>
    private const int MaxLineBytes = 2 * (KeyCodec.MaxKeyBytes + HttpApi.MaxValueBytes) + 1;

    private static readonly TimeSpan RetryFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);

    private readonly Channel<ImportedLine> _done = Channel.CreateBounded<ImportedLine>(MaxInFlight);
    private readonly SemaphoreSlim _window = new(MaxInFlight);

    // Two lines of one key must not overtake each other: the later one waits for the earlier.
    private readonly ConcurrentDictionary<string, Task> _pending = new(StringComparer.Ordinal);

    /// <summary>Imports everything; <paramref name="report"/> is called for one line after another, as they are acknowledged or given up.</summary>
    public async Task<ImportSummary> RunAsync(PipeReader lines, Func<ImportedLine, ValueTask> report, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reading = ReadAsync(lines, ending.Token);
        var (imported, failed) = (0, 0);
        try
        {
            await foreach (var line in _done.Reader.ReadAllAsync(cancellationToken))
            {
                (imported, failed) = line.Error is null ? (imported + 1, failed) : (imported, failed + 1);
                await report(line);
                _window.Release();
            }
        }
        finally
        {
            // Whoever owns the lines wants them back unread by anybody; and where the report failed nobody makes room for more.
            await ending.CancelAsync();
            await reading;
        }

        return new ImportSummary(imported, failed, clock.Elapsed);
    }

    private async Task ReadAsync(PipeReader lines, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        SequencePosition? unread = null;
        try
        {
            var (number, isTooLong) = (0, false);
            while (true)
            {
                var result = await lines.ReadAsync(cancellationToken);
                var buffer = result.Buffer;
                unread = buffer.Start;
                while (TryTakeLine(ref buffer, result.IsCompleted, out var line))
                {
                    if (isTooLong)
                    {
                        // The end of a line that was rejected already.
                        isTooLong = false;
                        continue;
                    }

                    await _window.WaitAsync(cancellationToken);
                    Start(++number, line, cancellationToken);
                }

                if (buffer.Length > MaxLineBytes && !isTooLong)
                {
                    isTooLong = true;
                    await _window.WaitAsync(cancellationToken);
                    Reject(++number, [], $"a line of more than {MaxLineBytes} bytes", cancellationToken);
                }

                buffer = isTooLong ? buffer.Slice(buffer.End) : buffer;

                if (result.IsCompleted)
                {
                    break;
                }

                lines.AdvanceTo(buffer.Start, buffer.End);
                unread = null;
            }

            // All slots free again: everything that was started has been reported.
            await Task.WhenAll(_pending.Values);
        }
        catch (Exception exception)
        {
            failure = exception;
            if (unread is { } start)
            {
                lines.AdvanceTo(start);
            }
        }

        _done.Writer.Complete(failure);
    }

    private void Start(int number, byte[] line, CancellationToken cancellationToken)
    {
        if (LineFormat.TryParse(line, out var key, out var value) is { } error)
        {
            Reject(number, key, error, cancellationToken);
            return;
        }

        var name = KeyCodec.ToGrainKey(key);
        var before = _pending.GetValueOrDefault(name, Task.CompletedTask);
        var own = PutAsync(number, key, value, before, cancellationToken);
        _pending[name] = own;
        own.ContinueWith(
            task => _pending.TryRemove(new KeyValuePair<string, Task>(name, task)), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private void Reject(int number, byte[] key, string error, CancellationToken cancellationToken) =>
        _pending[$"\t{number}"] = _done.Writer.WriteAsync(new ImportedLine(number, key, error), cancellationToken).AsTask();

    private async Task PutAsync(int number, byte[] key, byte[] value, Task before, CancellationToken cancellationToken)
    {
        await before;
        await Task.Yield();
        var error = await PutWithRetriesAsync(key, value, cancellationToken);
        await _done.Writer.WriteAsync(new ImportedLine(number, key, error), cancellationToken);
    }

    /// <summary>Storing the same value again does no harm, so whatever failed or may have failed is tried again for a while.</summary>
    private async Task<string?> PutWithRetriesAsync(byte[] key, byte[] value, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await client.Grain(key).Put(value, Condition.None, request: null);
                return null;
            }
            catch (Exception exception) when (Failure.IsExpected(exception) && !cancellationToken.IsCancellationRequested)
            {
                if (clock.Elapsed > RetryFor)
                {
                    return $"{Failure.OutcomeOf(exception)}: {Failure.Explain(exception)}";
                }

                await Task.Delay(RetryAfter, cancellationToken);
            }
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, bool isLast, out byte[] line)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            line = buffer.Slice(0, end).ToArray();
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return true;
        }

        // The last line may lack its line feed.
        line = isLast ? buffer.ToArray() : [];
        buffer = isLast ? buffer.Slice(buffer.End) : buffer;
        return line.Length > 0;
    }
}

/// <summary>A line that is done with.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Error">Why it was given up; null when it is stored.</param>
internal readonly record struct ImportedLine(int Number, byte[] Key, string? Error);

/// <summary>How an import went.</summary>
internal sealed record ImportSummary(int Imported, int Failed, TimeSpan Elapsed)
{
    public override string ToString() => FormattableString.Invariant(
        $"imported {Imported}, failed {Failed}, {Elapsed.TotalSeconds:f2} s, {Imported / Math.Max(Elapsed.TotalSeconds, 0.001):f0}/s");
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Orleans.Raft.Storage.Engine;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Kills;

/// <summary>
/// Rounds of a writer process that is killed by SIGKILL at a moment of chance. After each, the directory is opened and compared with what the writer said it had
/// acknowledged: entries, terms, hard states, compaction points, and rows against the applied index.
/// </summary>
internal sealed class KillRuns(string directory, int seed, Action<string> report)
{
    private readonly Random _random = new(seed);
    private readonly long[] _written = new long[WriterProcess.Groups];
    private readonly long[] _flushed = new long[WriterProcess.Groups];

    public long Operations => _written.Sum();

    public async Task RunAsync(int rounds)
    {
        var next = Start();
        try
        {
            for (var round = 1; round <= rounds; round++)
            {
                var writer = next;
                next = Start();
                await KillAsync(writer, round);
                await CheckAsync(round);
            }
        }
        finally
        {
            next.Kill();
            next.Dispose();
        }

        report($"{rounds} kills, {Operations} operations acknowledged, {_flushed.Sum()} entries applied and flushed");
    }

    /// <summary>Starts the writer of the round after this one, so that the runtime's start does not count twice.</summary>
    private Process Start() => Process.Start(new ProcessStartInfo(
        Environment.ProcessPath is { } dotnet && Path.GetFileNameWithoutExtension(dotnet) == "dotnet" ? dotnet : "dotnet",
        [typeof(KillRuns).Assembly.Location, "writer", directory, seed.ToString(CultureInfo.InvariantCulture)])
    {
        RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
    })!;

    private async Task KillAsync(Process writer, int round)
    {
        using (writer)
        {
            var errors = writer.StandardError.ReadToEndAsync();
            var reading = ReadAsync(writer, round);
            await writer.StandardInput.WriteLineAsync();
            await writer.StandardInput.FlushAsync();

            // Most while it writes, some while it opens.
            var opens = _random.Next(5) == 0;
            if (!opens)
            {
                await reading.Opened.WaitAsync(TimeSpan.FromSeconds(60));
            }

            writer.WaitForExit(opens ? _random.Next(1, 150) : _random.Next(20, 300));
            Assert.False(writer.HasExited, $"seed {seed} round {round}: the writer ended by itself: {(writer.HasExited ? await errors : "")}");
            writer.Kill();
            await writer.WaitForExitAsync();
            await reading.Ended;
        }
    }

    private (Task Opened, Task Ended) ReadAsync(Process writer, int round)
    {
        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (opened.Task, Task.Run(async () =>
        {
            while (await writer.StandardOutput.ReadLineAsync() is { } line)
            {
                var words = line.Split(' ');
                if (words is ["open"])
                {
                    opened.TrySetResult();
                }
                else if (words is [var what, var number, var count] && int.TryParse(number, out var group) && long.TryParse(count, out var value))
                {
                    var counts = what == "written" ? _written : _flushed;
                    Assert.True(value >= counts[group], $"seed {seed} round {round}: {line} after {counts[group]}");
                    counts[group] = value;
                }
            }

            opened.TrySetResult();
        }));
    }

    private async Task CheckAsync(int round)
    {
        if (!File.Exists(Path.Combine(directory, IdentityFile.Name)))
        {
            Assert.True(Operations == 0, $"seed {seed} round {round}: no identity");
            return;
        }

        // Before the opening, which writes: the inspector must say the same of it. Each time would double the cost.
        if (round % 3 == 1)
        {
            var inspected = EngineInspector.Inspect(directory);
            Assert.True(inspected.Condition is EngineCondition.Clean or EngineCondition.TornTail, $"seed {seed} round {round}: {string.Join('\n', inspected.Problems)}");
        }

        var engine = new StorageEngine(WriterProcess.Options);
        await using var log = await engine.OpenAsync(WriterProcess.Settings(directory), default);
        await using var state = await engine.OpenAsync(WriterProcess.Settings(directory), log, default);
        for (var number = 0; number < WriterProcess.Groups; number++)
        {
            await CheckAsync(log, state, number, $"seed {seed} round {round} group {number}");
        }
    }

    private async Task CheckAsync(ILogStore store, IStateStore state, int number, string where)
    {
        if (!store.Groups.Contains(WriterProcess.Group(number)))
        {
            Assert.True(_written[number] == 0, $"{where}: {_written[number]} operations were acknowledged, and there is no such group");
            return;
        }

        var log = await store.OpenAsync(WriterProcess.Group(number), default);
        var count = log.Metadata.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(log.Metadata.Span);

        // One operation may have been under way.
        Assert.True(count == _written[number] || count == _written[number] + 1, $"{where}: {_written[number]} operations were acknowledged, {count} are there");
        var history = new GroupHistory(seed, number);
        while (history.Count < count)
        {
            history.Next();
        }

        history.CheckLog(log.Reader, where);
        CheckRows(state, log, history, number, where);
        _written[number] = count;
    }

    private void CheckRows(IStateStore state, GroupLog log, GroupHistory history, int number, string where)
    {
        using var view = state.OpenView(log.Generation);
        var applied = view.Applied.Position;
        Assert.True(
            applied.Index >= _flushed[number] && applied.Index >= history.Compacted.Index && applied.Index <= history.HardState.Commit,
            $"{where}: applied {applied}, flushed {_flushed[number]}, compacted {history.Compacted}, committed {history.HardState.Commit}");
        Assert.True(applied.Index == 0 || applied == history.At(applied.Index).Id, $"{where}: applied {applied}");
        Assert.Equal(view.Applied, state.GetDurableApplied(log.Generation));
        var (expected, found) = (history.RowsAt(applied.Index), GroupHistory.Print(view.Scan(default, default)));
        Assert.True(expected == found, $"{where}: rows at {applied}\nexpected {expected}\nfound    {found}");
    }
}

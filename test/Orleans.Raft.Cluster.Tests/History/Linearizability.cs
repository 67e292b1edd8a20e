using System.Text;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>What the search found.</summary>
public enum HistoryVerdict
{
    /// <summary>There is an order that explains everything.</summary>
    Linearizable,

    /// <summary>There is none.</summary>
    Violated,

    /// <summary>The time was over.</summary>
    Undecided,
}

/// <summary>Verdict on one key.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Explanation">For a violation: how far an order could be found, and what could not follow.</param>
public sealed record HistoryResult(HistoryVerdict Verdict, string Explanation);

/// <summary>
/// Looks for an order of a key's operations in which each takes effect between its call and its answer and every answer is right: the search of Wing and Gong, which
/// remembers the states it has been in (set of operations done, value) so that none is searched twice.
/// </summary>
public sealed class Linearizability
{
    private const string Unseen = "a value that nobody saw";
    private const int StepsBetweenLooksAtTheClock = 1024;

    private readonly RegisterOperation[] _operations;
    private readonly int _certain;
    private readonly HashSet<SearchState> _seen = [];
    private readonly OperationSet _done;
    private readonly Stack<Frame> _frames = new();
    private string? _value;
    private int _doneCertain;
    private int _deepest = -1;
    private string _explanation = "";

    private Linearizability(IEnumerable<RegisterOperation> history)
    {
        _operations = [.. WithUnseenAlike([.. history]).OrderBy(operation => operation.Invoked)];
        _certain = _operations.Count(operation => operation.Result is not RegisterResult.Unknown);
        _done = new OperationSet(_operations.Length);
    }

    /// <summary>Judges the history of one key, which had no value when it began.</summary>
    public static HistoryResult Check(IEnumerable<RegisterOperation> history, TimeSpan limit) => new Linearizability(history).Search(limit);

    /// <summary>Of values that are uncertain and that nobody has seen or expected it matters only that they are there: they are made one.</summary>
    private static IEnumerable<RegisterOperation> WithUnseenAlike(List<RegisterOperation> history)
    {
        var seen = history.Where(operation => operation.Action is RegisterAction.Read).Select(operation => operation.Value)
            .Concat(history.Select(operation => operation.Expected)).Concat(history.SelectMany(operation => operation.OrElse)).ToHashSet();
        return history.Select(operation =>
            operation is { Result: RegisterResult.Unknown, Value: not null } && !seen.Contains(operation.Value) ? operation with { Value = Unseen } : operation);
    }

    private HistoryResult Search(TimeSpan limit)
    {
        var start = TimeProvider.System.GetTimestamp();
        _frames.Push(NewFrame(operation: -1, before: null));
        for (var step = 1; _doneCertain < _certain; step++)
        {
            if (step % StepsBetweenLooksAtTheClock == 0 && TimeProvider.System.GetElapsedTime(start) > limit)
            {
                return new HistoryResult(HistoryVerdict.Undecided, $"no verdict on {_operations.Length} operations within {limit}");
            }

            if (!TryGoOn() && !TryGoBack())
            {
                return new HistoryResult(HistoryVerdict.Violated, _explanation);
            }
        }

        return new HistoryResult(HistoryVerdict.Linearizable, "");
    }

    /// <summary>Lets one more operation take effect.</summary>
    private bool TryGoOn()
    {
        var frame = _frames.Peek();
        while (frame.Next < frame.Candidates.Count)
        {
            var candidate = frame.Candidates[frame.Next++];
            var operation = _operations[candidate];
            if (!operation.TryApply(_value, out var next) || (operation.Result is RegisterResult.Unknown && !IsOfUse(frame, candidate, next)))
            {
                continue;
            }

            _done.Add(candidate);
            if (_seen.Add(new SearchState(_done.Copy(), next)))
            {
                var before = _value;
                _value = next;
                _doneCertain += operation.Result is RegisterResult.Unknown ? 0 : 1;
                _frames.Push(NewFrame(candidate, before));
                return true;
            }

            _done.Remove(candidate);
        }

        return false;
    }

    /// <summary>
    /// What is uncertain is tried only where what follows it needs it. Everywhere else it may as well come later, or never: whatever could follow at once could also come
    /// before it, or makes it unseen.
    /// </summary>
    private bool IsOfUse(Frame frame, int candidate, string? next) => next != _value && frame.Candidates.Exists(other =>
    {
        var operation = _operations[other];
        return other != candidate && (operation.Result is RegisterResult.Unknown
            ? operation.Action switch
            {
                RegisterAction.CompareAndSet or RegisterAction.CompareAndDelete => operation.Accepts(next),
                RegisterAction.Create => next is null,
                RegisterAction.Read or RegisterAction.Write or RegisterAction.Delete => false,
            }
            : operation.TryApply(next, out var _) && !operation.TryApply(_value, out var _));
    });

    private bool TryGoBack()
    {
        Explain();
        var frame = _frames.Pop();
        if (frame.Operation < 0)
        {
            return false;
        }

        _done.Remove(frame.Operation);
        _doneCertain -= _operations[frame.Operation].Result is RegisterResult.Unknown ? 0 : 1;
        _value = frame.ValueBefore;
        return true;
    }

    /// <summary>Those that may come next: nothing that is still to come was answered before they began. Uncertain ones last, since most of them change nothing.</summary>
    private Frame NewFrame(int operation, string? before)
    {
        var (certain, uncertain) = (new List<int>(), new List<int>());
        var firstAnswer = long.MaxValue;
        for (var i = _done.FirstMissing; i < _operations.Length && _operations[i].Invoked <= firstAnswer; i++)
        {
            if (!_done.Contains(i))
            {
                firstAnswer = Math.Min(firstAnswer, _operations[i].LatestEffect);
                (_operations[i].Result is RegisterResult.Unknown ? uncertain : certain).Add(i);
            }
        }

        certain.RemoveAll(candidate => _operations[candidate].Invoked > firstAnswer);
        certain.Sort((x, y) => _operations[x].Returned.CompareTo(_operations[y].Returned));

        // Uncertain ones that would do the same are tried once: nothing distinguishes them from now on.
        var different = uncertain.Where(candidate => _operations[candidate].Invoked <= firstAnswer)
            .DistinctBy(candidate => (_operations[candidate].Action, _operations[candidate].Value, _operations[candidate].Expected, string.Join(' ', _operations[candidate].OrElse)));
        return new Frame(operation, before, [.. certain, .. different]);
    }

    private void Explain()
    {
        if (_doneCertain <= _deepest)
        {
            return;
        }

        _deepest = _doneCertain;
        var text = new StringBuilder();
        text.AppendLine($"{_doneCertain} of {_certain} certain operations can be ordered; the last of them:");
        foreach (var frame in _frames.Take(12).Reverse().Where(frame => frame.Operation >= 0))
        {
            text.AppendLine($"  {_operations[frame.Operation]}");
        }

        text.AppendLine($"then the value is {_value ?? "none"}, and none of these can follow:");
        foreach (var candidate in _frames.Peek().Candidates)
        {
            text.AppendLine($"  {_operations[candidate]}");
        }

        _explanation = text.ToString();
    }

    private sealed class Frame(int operation, string? valueBefore, List<int> candidates)
    {
        /// <summary>What was done to come here; -1 at the beginning.</summary>
        public int Operation { get; } = operation;

        public string? ValueBefore { get; } = valueBefore;

        public List<int> Candidates { get; } = candidates;

        public int Next { get; set; }
    }

    private readonly record struct SearchState(OperationSet Done, string? Value);
}

using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Engine;

/// <summary>What an inspection finds wrong, and the worst of it.</summary>
internal sealed class Findings
{
    private readonly List<string> _problems = [];

    public EngineCondition Condition { get; private set; }

    public IReadOnlyList<string> Problems => _problems;

    public List<string> Notes { get; } = [];

    public void Add(EngineCondition condition, string problem)
    {
        Condition = (EngineCondition)Math.Max((int)Condition, (int)condition);
        // Several steps may meet the same damage.
        if (!_problems.Contains(problem))
        {
            _problems.Add(problem);
        }
    }

    /// <summary>Does a step; what it meets is noted. False if it did not come to its end.</summary>
    public bool Try(Action step)
    {
        try
        {
            step();
            return true;
        }
        catch (CorruptionException e)
        {
            Add(EngineCondition.Corrupt, e.Message);
        }
        catch (InvariantViolationException e)
        {
            // Every batch is whole and what they say together makes no sense.
            Add(EngineCondition.Corrupt, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Add(EngineCondition.Unreadable, e.Message);
        }

        return false;
    }
}

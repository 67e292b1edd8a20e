using System.Globalization;

namespace Orleans.Raft.Simulation;

/// <summary>How long seeds took from the last fault to the acknowledgement of a write that was asked after it, counted by election timeouts.</summary>
internal sealed class Recoveries
{
    /// <summary>The promise of issue 3.6.</summary>
    public const int PromisedTimeouts = 4;

    /// <summary>Seeds below which a share says nothing.</summary>
    private const int FewestForShare = 1000;

    private const int Most = 64;

    private readonly long[] _within = new long[Most + 1];

    public long Count => _within.Sum();

    /// <summary>Seeds that took longer than promised.</summary>
    public long LateCount => _within.Skip(PromisedTimeouts + 1).Sum();

    /// <summary>
    /// True if so many seeds took longer than promised that chance does not explain it: more than one in a hundred. Measured: 70 of 30,000 without pre-vote
    /// (0.23 %), so in a thousand seeds eleven would be an accident of three in 100,000.
    /// </summary>
    public bool AreTooLate => Count >= FewestForShare && LateCount * 100 > Count;

    public void Add(double timeouts) => _within[Math.Min(Most, (int)Math.Ceiling(timeouts))]++;

    public void Add(Recoveries other)
    {
        for (var i = 0; i < _within.Length; i++)
        {
            _within[i] += other._within[i];
        }
    }

    public override string ToString()
    {
        var last = Array.FindLastIndex(_within, n => n > 0);
        return last < 0 ? "none" : string.Join(' ', Enumerable.Range(0, last + 1).Select(i => string.Create(CultureInfo.InvariantCulture, $"\u2264{i}:{_within[i]}")));
    }
}

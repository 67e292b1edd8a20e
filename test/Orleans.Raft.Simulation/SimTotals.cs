namespace Orleans.Raft.Simulation;

/// <summary>What a run did, to tell whether it was worth anything.</summary>
internal sealed class SimTotals
{
    public long Seeds { get; set; }

    public long Steps { get; set; }

    public long Operations { get; set; }

    public long Elections { get; set; }

    /// <summary>Elections of another replica than the one that led before.</summary>
    public long LeaderChanges { get; set; }

    public long Committed { get; set; }

    public long Acknowledged { get; set; }

    public long Reads { get; set; }

    public long Crashes { get; set; }

    public long Partitions { get; set; }

    public long Pauses { get; set; }

    public long Stalls { get; set; }

    public long ConfChanges { get; set; }

    public long Transfers { get; set; }

    public long Snapshots { get; set; }

    public long Compactions { get; set; }

    public long Violations { get; set; }

    /// <summary>Longest time from the last fault to the next commit, in election timeouts.</summary>
    public double SlowestRecovery { get; set; }

    public Recoveries WithPreVote { get; } = new();

    public Recoveries WithoutPreVote { get; } = new();

    public void Add(SimTotals other)
    {
        Seeds += other.Seeds;
        Steps += other.Steps;
        Operations += other.Operations;
        Elections += other.Elections;
        LeaderChanges += other.LeaderChanges;
        Committed += other.Committed;
        Acknowledged += other.Acknowledged;
        Reads += other.Reads;
        Crashes += other.Crashes;
        Partitions += other.Partitions;
        Pauses += other.Pauses;
        Stalls += other.Stalls;
        ConfChanges += other.ConfChanges;
        Transfers += other.Transfers;
        Snapshots += other.Snapshots;
        Compactions += other.Compactions;
        Violations += other.Violations;
        SlowestRecovery = Math.Max(SlowestRecovery, other.SlowestRecovery);
        WithPreVote.Add(other.WithPreVote);
        WithoutPreVote.Add(other.WithoutPreVote);
    }

    /// <summary>The line that a run ends with.</summary>
    public override string ToString() =>
        $"seeds={Seeds} steps={Steps} elections={Elections} committed={Committed} reads={Reads} crashes={Crashes} "
        + $"partitions={Partitions} confchanges={ConfChanges} snapshots={Snapshots} violations={Violations}";

    /// <summary>What a seed does on average: issue 3 asks for one of each kind of trouble at least.</summary>
    public string DescribeAverages()
    {
        double Average(long total) => (double)total / Math.Max(1, Seeds);
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"per seed: steps {Average(Steps):F0}, operations {Average(Operations):F0}, crashes {Average(Crashes):F2}, partitions {Average(Partitions):F2}, "
            + $"configuration changes {Average(ConfChanges):F2}, snapshots {Average(Snapshots):F2}, leader changes {Average(LeaderChanges):F2}");
    }

    /// <summary>Seeds by the election timeouts that they took from the last fault to the next acknowledged write.</summary>
    public string DescribeRecoveries() => $"recovered, in election timeouts: with pre-vote {WithPreVote}; without {WithoutPreVote}";

    public string DescribeMore() =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"operations={Operations} acknowledged={Acknowledged} pauses={Pauses} stalls={Stalls} transfers={Transfers} compactions={Compactions} slowest-recovery={SlowestRecovery:F2} election timeouts");
}

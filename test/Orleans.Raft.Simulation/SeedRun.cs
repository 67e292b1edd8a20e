namespace Orleans.Raft.Simulation;

/// <summary>One seed run to its end or to its first violation.</summary>
internal sealed record SeedRun(SimTotals Totals, string? Violation)
{
    public static SeedRun Run(ulong seed, Story story, SimSwitches switches)
    {
        var simulation = new Simulation(seed, story, switches);
        try
        {
            simulation.Run();
            return new SeedRun(simulation.Totals, null);
        }
        catch (SimViolationException violation)
        {
            return Violated(simulation, violation.Message);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // No exception may leave Core; whatever came out is as bad as a broken property, and the seed must be told.
            return Violated(simulation, $"exception: {exception}");
        }
    }

    private static SeedRun Violated(Simulation simulation, string violation)
    {
        simulation.Totals.Violations = 1;
        return new SeedRun(simulation.Totals, violation);
    }
}

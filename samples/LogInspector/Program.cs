using LogInspector;

return Inspection.Run(args, Console.Out, Console.Error);
